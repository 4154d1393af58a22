import { useState } from 'react'

import { useAct } from '../../../api/act'
import { api, type Schemas } from '../../../api/client'
import { Confirm } from '../../../ui/Dialog'
import { NumberInput } from '../../../ui/NumberInput'
import { GRACE, hasGrace } from '../acts'
import type { ActProps } from './ActDialog'
import { BreakGlass } from './BreakGlass'
import { PreviewShown } from '../../../preview/PreviewShown'
import { useDeletionPreview } from './useDeletionPreview'

/** Deletes it, now or when the time in which it can be restored is over. */
export function Delete({ tenant, onClose, onDone }: ActProps) {
  const graceful = hasGrace(tenant)
  const [days, setDays] = useState(graceful ? GRACE.usual : 0)
  const [breakGlass, setBreakGlass] = useState(false)
  const preview = useDeletionPreview(tenant.id)
  const remove = useAct((body: Schemas['Deletion'], key) =>
    api.DELETE('/v1/tenants/{id}', {
      params: { path: { id: tenant.id }, header: { 'Idempotency-Key': key } },
      body,
    }),
  )
  const takesTwo = preview.data?.plan?.approval === true
  const atOnce = days === 0
  return (
    <Confirm
      title={`Delete ${tenant.name}`}
      verb={takesTwo && !breakGlass ? 'Ask for it' : atOnce ? 'Delete now' : 'Delete'}
      danger
      open
      onClose={onClose}
      {...(atOnce && { typed: tenant.subdomain })}
      isReady={Number.isInteger(days)}
      isPending={remove.isPending}
      problem={remove.error}
      onConfirm={reason =>
        remove.mutate(
          { reason, grace_days: days, ...(takesTwo && breakGlass && { break_glass: true }) },
          { onSuccess: outcome => onDone('change_request' in outcome) },
        )
      }
    >
      {graceful && (
        <NumberInput
          label="Days in which it can be restored"
          hint="It lives on meanwhile. 0 deletes it at once, without an archive."
          value={days}
          onChange={setDays}
          minValue={0}
          maxValue={GRACE.most}
          formatOptions={{ maximumFractionDigits: 0 }}
          problem={remove.error?.about('grace_days')}
        />
      )}
      <p>
        {atOnce
          ? 'Everything it has is destroyed now. Nothing brings it back.'
          : 'Then what it holds is archived, everything it has is destroyed, and a certificate tells so.'}
      </p>
      <PreviewShown of={preview} />
      {takesTwo && <BreakGlass isSelected={breakGlass} onChange={setBreakGlass} />}
    </Confirm>
  )
}
