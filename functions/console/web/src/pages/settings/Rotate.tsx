import { useState } from 'react'

import { useAct } from '../../api/act'
import { api, type Schemas } from '../../api/client'
import { Confirm } from '../../ui/Dialog'
import { NumberInput } from '../../ui/NumberInput'
import type { Webhook } from './webhook'

/** Gives a webhook another secret. */
export function Rotate({
  id,
  onClose,
  onRotated,
}: {
  id: string
  onClose: () => void
  onRotated: (it: Webhook) => void
}) {
  const [hours, setHours] = useState(NaN)
  const rotate = useAct((body: Schemas['SecretRotation'], key) =>
    api.POST('/v1/webhooks/{id}/rotate-secret', {
      params: { path: { id }, header: { 'Idempotency-Key': key } },
      body,
    }),
  )
  return (
    <Confirm
      open
      title="Rotate the secret"
      verb="Rotate"
      onClose={onClose}
      isPending={rotate.isPending}
      problem={rotate.error}
      onConfirm={reason =>
        rotate.mutate(
          { reason, ...(Number.isInteger(hours) && { former_hours: hours }) },
          { onSuccess: onRotated },
        )
      }
    >
      <p>
        What is sent is signed by the new one, and for a while by the former, too. The new one is shown once.
      </p>
      <NumberInput
        label="Hours for which the former one is good"
        hint="Empty is a day. 0 ends it now: for one that others have come to know."
        value={hours}
        onChange={setHours}
        minValue={0}
        formatOptions={{ maximumFractionDigits: 0 }}
        problem={rotate.error?.about('former_hours')}
      />
    </Confirm>
  )
}
