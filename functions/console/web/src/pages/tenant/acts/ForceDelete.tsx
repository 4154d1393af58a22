import { useState } from 'react'

import { useAct } from '../../../api/act'
import { api, type Schemas } from '../../../api/client'
import { Confirm } from '../../../ui/Dialog'
import type { ActProps } from './ActDialog'
import { BreakGlass } from './BreakGlass'
import { PreviewShown } from '../../../preview/PreviewShown'
import { useDeletionPreview } from './useDeletionPreview'

/** Deletes it whatever is under way. */
export function ForceDelete({ tenant, onClose, onDone }: ActProps) {
  const [breakGlass, setBreakGlass] = useState(false)
  const preview = useDeletionPreview(tenant.id)
  const force = useAct((body: Schemas['ForcedDeletion'], key) =>
    api.POST('/v1/tenants/{id}/force-delete', {
      params: { path: { id: tenant.id }, header: { 'Idempotency-Key': key } },
      body,
    }),
  )
  // One that cannot wait is not asked for: the API takes it by breaking the glass alone.
  const takesTwo = preview.data?.plan?.approval === true
  return (
    <Confirm
      title={`Force the deletion of ${tenant.name}`}
      verb="Delete by force"
      danger
      open
      onClose={onClose}
      typed={tenant.subdomain}
      isReady={!takesTwo || breakGlass}
      isPending={force.isPending}
      problem={force.error}
      onConfirm={reason =>
        force.mutate({ reason, ...(takesTwo && { break_glass: true }) }, { onSuccess: () => onDone() })
      }
    >
      <p>
        What is under way is ended, and everything it has is destroyed now. What will not go stays as repair
        tasks. Nothing brings it back.
      </p>
      <PreviewShown of={preview} />
      {takesTwo && <BreakGlass isSelected={breakGlass} onChange={setBreakGlass} />}
    </Confirm>
  )
}
