import { useState } from 'react'

import { useAct } from '../../api/act'
import { api, type Schemas } from '../../api/client'
import { Confirm } from '../../ui/Dialog'
import { NumberInput } from '../../ui/NumberInput'
import { GRACE, hasGrace } from '../tenant/acts'

const WHY = { label: 'Why are you leaving?', hint: 'It helps us to do better.' }

interface Props {
  tenant: Schemas['ShownTenant']
  onClose: () => void
  /** Whether somebody else has to approve it. */
  onDone: (waits: boolean) => void
}

/** Leaves, with days in which nothing is lost. What never lived is gone at once. */
export function Cancel({ tenant, onClose, onDone }: Props) {
  const graceful = hasGrace(tenant)
  const [days, setDays] = useState(graceful ? GRACE.usual : 0)
  const cancel = useAct((body: Schemas['Deletion'], key) =>
    api.DELETE('/v1/tenants/{id}', {
      params: { path: { id: tenant.id }, header: { 'Idempotency-Key': key } },
      body,
    }),
  )
  return (
    <Confirm
      open
      title={`Cancel ${tenant.name}`}
      verb="Cancel it"
      danger
      why={WHY}
      isReady={Number.isInteger(days)}
      isPending={cancel.isPending}
      problem={cancel.error}
      onClose={onClose}
      onConfirm={reason =>
        cancel.mutate(
          { reason, grace_days: days },
          { onSuccess: outcome => onDone('change_request' in outcome) },
        )
      }
    >
      {graceful ? (
        <>
          <p>
            It stays open for the days you choose, and you can change your mind in all of them. Then
            everything is deleted, and you get a signed proof of that. Download what is yours before.
          </p>
          <NumberInput
            label="Days to change your mind"
            value={days}
            onChange={setDays}
            minValue={1}
            maxValue={GRACE.most}
            formatOptions={{ maximumFractionDigits: 0 }}
            problem={cancel.error?.about('grace_days')}
          />
        </>
      ) : (
        <p>Everything that was begun for you is taken back at once.</p>
      )}
    </Confirm>
  )
}
