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
import { said } from './wish'

type Request = Schemas['ChangeRequest']

interface Asked {
  act: 'approve' | 'reject'
  request: Request
}

/** What one wants and another has to approve. */
export function Changes() {
  const [asked, ask] = useState<Asked | null>(null)
  const may = useMay()
  // The page's second watch: what takes two is not seen on the tenants that the first one watches.
  const changes = useLive('/v1/change-requests', { query: { limit: 100 } })
  return (
    <Panel flush title="Change requests">
      <Loaded query={changes}>
        {({ change_requests, next }) => (
          <>
            <Table
              label="Requests"
              rows={change_requests}
              rowKey={request => request.id}
              empty="Nothing waits for a second person."
              columns={[
                {
                  head: 'Tenant',
                  cell: request => <Link to={`/tenants/${request.tenant}`}>{request.tenant}</Link>,
                },
                { head: 'Wish', cell: request => said(request.wish) },
                {
                  head: 'Asked for by',
                  cell: request => (
                    <>
                      {request.who}
                      <div className="quiet small">{request.why}</div>
                    </>
                  ),
                },
                { head: 'Waits since', cell: request => <Time at={request.asked_at} /> },
                { head: 'Until', cell: request => <Time at={request.until} /> },
                ...(may('POST /v1/change-requests/{id}/approve')
                  ? [
                      {
                        head: 'What to do',
                        cell: (request: Request) => (
                          <div className="approval-acts">
                            <Button
                              aria-label={`Grant ${request.tenant}: ${said(request.wish)}`}
                              onPress={() => ask({ act: 'approve', request })}
                            >
                              Grant
                            </Button>
                            <Button
                              aria-label={`Refuse ${request.tenant}: ${said(request.wish)}`}
                              onPress={() => ask({ act: 'reject', request })}
                            >
                              Refuse
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
      {asked && <Answer {...asked} onClose={() => ask(null)} />}
    </Panel>
  )
}

function Answer({ act, request, onClose }: Asked & { onClose: () => void }) {
  const answer = useAct(async (body: Schemas['Reason'], key) => {
    const params = { path: { id: request.id }, header: { 'Idempotency-Key': key } }
    return act === 'approve'
      ? api.POST('/v1/change-requests/{id}/approve', { params, body })
      : api.POST('/v1/change-requests/{id}/reject', { params, body })
  })
  const grants = act === 'approve'
  return (
    <Confirm
      open
      title={grants ? 'Grant the change' : 'Refuse the change'}
      verb={grants ? 'Grant' : 'Refuse'}
      danger={grants && 'delete' in request.wish}
      onClose={onClose}
      isPending={answer.isPending}
      problem={answer.error}
      onConfirm={reason => answer.mutate({ reason }, { onSuccess: onClose })}
    >
      <p>
        {request.tenant}: {said(request.wish)} {request.who} asks for it: {request.why}
      </p>
    </Confirm>
  )
}
