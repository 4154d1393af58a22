import { useState } from 'react'

import { useAct } from '../../api/act'
import { api, type Schemas } from '../../api/client'
import { useRead } from '../../api/live'
import { useMay } from '../../api/may'
import { Button } from '../../ui/Button'
import { Confirm } from '../../ui/Dialog'
import { Notice } from '../../ui/Notice'
import { Panel } from '../../ui/Panel'
import { hasGrace } from '../tenant/acts'
import { Export } from '../tenant/Export'
import { save } from '../tenant/save'
import { Cancel } from './Cancel'
import { WHY } from './why'

type Tenant = Schemas['ShownTenant']

/** What is the customer's to take along, and the way out. */
export function Leave({ tenant }: { tenant: Tenant }) {
  const may = useMay()
  const [cancelling, setCancelling] = useState(false)
  const [asked, setAsked] = useState(false)
  const { id, hold, deletion_lock: lock, status } = tenant
  const rests =
    !tenant.operation && (hasGrace(tenant) || status === 'pending_approval' || status === 'failed')
  const leaves = rests && may('DELETE /v1/tenants/{id}')
  return (
    <Panel title="Your data, and leaving">
      <div className="leave">
        <p>Everything we hold about it, as one file:</p>
        <Export id={id} label="Download" />
      </div>
      {status === 'deleted' && <Certificate id={id} />}
      {leaves && hold && <p>It cannot be cancelled at the moment. Ask us about it.</p>}
      {leaves && !hold && lock && (
        <div className="leave">
          <p>It is protected against being cancelled.</p>
          <Unlock id={id} />
        </div>
      )}
      {leaves && !hold && !lock && (
        <div className="leave">
          <p>
            {hasGrace(tenant)
              ? 'You can cancel. You choose for how many days you can still change your mind.'
              : 'You can take your sign-up back.'}
          </p>
          <Button look="danger" onPress={() => setCancelling(true)}>
            Cancel
          </Button>
        </div>
      )}
      {asked && (
        <Notice tone="wait" title="We have your wish">
          Somebody here looks at it first. It stays open until then.
        </Notice>
      )}
      {cancelling && (
        <Cancel
          tenant={tenant}
          onClose={() => setCancelling(false)}
          onDone={waits => {
            setCancelling(false)
            setAsked(waits)
          }}
        />
      )}
    </Panel>
  )
}

function Certificate({ id }: { id: string }) {
  const { data } = useRead('/v1/tenants/{id}/certificate', { path: { id } })
  if (!data) return null
  return (
    <div className="leave">
      <p>A signed proof that the rest is gone:</p>
      <Button onPress={() => save(`${id}.jws`, new Blob([data.jws], { type: 'application/jose' }))}>
        Save the certificate
      </Button>
    </div>
  )
}

function Unlock({ id }: { id: string }) {
  const may = useMay()
  const [asking, setAsking] = useState(false)
  const unlock = useAct((reason: string, key) =>
    api.POST('/v1/tenants/{id}/unlock', {
      params: { path: { id }, header: { 'Idempotency-Key': key } },
      body: { reason },
    }),
  )
  if (!may('POST /v1/tenants/{id}/unlock')) return null
  return (
    <>
      <Button onPress={() => setAsking(true)}>Take the protection off</Button>
      {asking && (
        <Confirm
          open
          title="Take the protection off"
          verb="Take it off"
          why={WHY}
          onClose={() => setAsking(false)}
          isPending={unlock.isPending}
          problem={unlock.error}
          onConfirm={reason => unlock.mutate(reason, { onSuccess: () => setAsking(false) })}
        >
          <p>Then it can be cancelled.</p>
        </Confirm>
      )}
    </>
  )
}
