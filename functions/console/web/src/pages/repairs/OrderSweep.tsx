import { useState } from 'react'

import { useAct } from '../../api/act'
import { api, type Schemas } from '../../api/client'
import { Check } from '../../ui/Check'
import { Confirm } from '../../ui/Dialog'
import { NumberInput } from '../../ui/NumberInput'

interface Props {
  onClose: () => void
  onOrdered: (sweep: Schemas['Sweep']) => void
}

/** Asks for a sweep: one that only looks, unless somebody means more. */
export function OrderSweep({ onClose, onOrdered }: Props) {
  const [destroy, setDestroy] = useState(false)
  const [limit, setLimit] = useState(NaN)
  const order = useAct((body: Schemas['SweepOrder'], key) =>
    api.POST('/v1/orphan-sweeps', { params: { header: { 'Idempotency-Key': key } }, body }),
  )
  return (
    <Confirm
      open
      title="Order a sweep for orphans"
      verb={destroy ? 'Look and destroy' : 'Look'}
      danger={destroy}
      onClose={onClose}
      isPending={order.isPending}
      problem={order.error}
      onConfirm={reason =>
        order.mutate(
          { reason, dry_run: !destroy, ...(Number.isInteger(limit) && { limit }) },
          { onSuccess: onOrdered },
        )
      }
    >
      <p>All providers are asked for what bears our mark and no ledger holds.</p>
      <Check
        label="Destroy what is found"
        hint="Without this it only looks."
        isSelected={destroy}
        onChange={setDestroy}
      />
      {destroy && (
        <NumberInput
          label="At most"
          hint="If it finds more, something else is amiss, and it destroys none. Empty is as the deployment says."
          value={limit}
          onChange={setLimit}
          minValue={0}
          formatOptions={{ maximumFractionDigits: 0 }}
          problem={order.error?.about('limit')}
        />
      )}
    </Confirm>
  )
}
