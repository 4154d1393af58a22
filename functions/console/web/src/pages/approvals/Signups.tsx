import { useState } from 'react'
import { Link } from 'wouter'

import { useAct } from '../../api/act'
import { api, type Schemas } from '../../api/client'
import { useLive } from '../../api/live'
import { useMay } from '../../api/may'
import { Button } from '../../ui/Button'
import { Confirm } from '../../ui/Dialog'
import { Loaded } from '../../ui/Loaded'
import { Panel } from '../../ui/Panel'
import { Table } from '../../ui/Table'
import { Time } from '../../ui/Time'
import { ActivationDialog } from './ActivationDialog'

type Tenant = Schemas['Tenant']

/** Merchants who signed up and wait. */
export function Signups() {
  const [asked, ask] = useState<{ act: 'activate' | 'reject'; tenant: Tenant } | null>(null)
  const may = useMay()
  const pending = useLive('/v1/tenants', { query: { status: 'pending_approval', limit: 100 } })
  const close = () => ask(null)
  return (
    <Panel flush title="Pending merchants">
      <Loaded query={pending}>
        {({ tenants, next }) => (
          <>
            <Table
              label="Merchants"
              rows={tenants}
              rowKey={tenant => tenant.id}
              empty="Nobody waits."
              columns={[
                {
                  head: 'Merchant',
                  cell: tenant => (
                    <>
                      <Link to={`/tenants/${tenant.id}`}>{tenant.name}</Link>
                      <div className="quiet small">{tenant.subdomain}</div>
                    </>
                  ),
                },
                { head: 'Owner', cell: tenant => tenant.email },
                { head: 'Plan', cell: tenant => tenant.plan },
                { head: 'Blueprint', cell: tenant => tenant.blueprint.name },
                { head: 'Waits since', cell: tenant => <Time at={tenant.created_at} /> },
                { head: 'Waits until', cell: tenant => <Time at={tenant.approve_by} /> },
                ...(may('POST /v1/tenants/{id}/approve')
                  ? [
                      {
                        head: 'What to do',
                        cell: (tenant: Tenant) => (
                          <div className="approval-acts">
                            <Button
                              look="main"
                              aria-label={`Activate ${tenant.name}`}
                              onPress={() => ask({ act: 'activate', tenant })}
                            >
                              Activate
                            </Button>
                            <Button
                              look="danger"
                              aria-label={`Reject ${tenant.name}`}
                              onPress={() => ask({ act: 'reject', tenant })}
                            >
                              Reject
                            </Button>
                          </div>
                        ),
                      },
                    ]
                  : []),
              ]}
            />
            {next && <p className="table-empty quiet">There are more: they come as these are answered.</p>}
          </>
        )}
      </Loaded>
      {asked?.act === 'activate' && <ActivationDialog tenant={asked.tenant} onClose={close} />}
      {asked?.act === 'reject' && <Reject tenant={asked.tenant} onClose={close} />}
    </Panel>
  )
}

function Reject({ tenant, onClose }: { tenant: Tenant; onClose: () => void }) {
  const reject = useAct((body: Schemas['Reason'], key) =>
    api.POST('/v1/tenants/{id}/reject', {
      params: { path: { id: tenant.id }, header: { 'Idempotency-Key': key } },
      body,
    }),
  )
  return (
    <Confirm
      open
      title={`Reject ${tenant.name}`}
      verb="Reject"
      danger
      onClose={onClose}
      isPending={reject.isPending}
      problem={reject.error}
      onConfirm={reason => reject.mutate({ reason }, { onSuccess: onClose })}
    >
      <p>Nothing is made for them, and {tenant.subdomain} is free for others.</p>
    </Confirm>
  )
}
