import { useState } from 'react'

import { useAct } from '../../api/act'
import { api, type Schemas } from '../../api/client'
import { useMay } from '../../api/may'
import { Button } from '../../ui/Button'
import { Confirm } from '../../ui/Dialog'
import { WHY } from './why'
import { STATUS } from './words'

/** Takes a cancellation back, while that is possible. */
export function Restore({ tenant }: { tenant: Schemas['ShownTenant'] }) {
  const may = useMay()
  const [asking, setAsking] = useState(false)
  const { id, grace } = tenant
  const restore = useAct((reason: string, key) =>
    api.POST('/v1/tenants/{id}/restore', {
      params: { path: { id }, header: { 'Idempotency-Key': key } },
      body: { reason },
    }),
  )
  if (!grace || !may('POST /v1/tenants/{id}/restore')) return null
  return (
    <>
      <div className="way-back">
        <Button look="main" onPress={() => setAsking(true)}>
          Keep it after all
        </Button>
      </div>
      {asking && (
        <Confirm
          open
          title={`Keep ${tenant.name}`}
          verb="Keep it"
          why={WHY}
          onClose={() => setAsking(false)}
          isPending={restore.isPending}
          problem={restore.error}
          onConfirm={reason => restore.mutate(reason, { onSuccess: () => setAsking(false) })}
        >
          <p>Nothing is deleted, and it is {STATUS[grace.was]} again at once.</p>
        </Confirm>
      )}
    </>
  )
}
