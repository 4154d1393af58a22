import { useState } from 'react'

import { useAct } from '../../../api/act'
import { api, type Schemas } from '../../../api/client'
import { useRead } from '../../../api/live'
import { Confirm } from '../../../ui/Dialog'
import { Choice, Field } from '../../../ui/Field'
import { money } from '../../../ui/Money'
import type { ActProps } from './ActDialog'
import { BreakGlass } from './BreakGlass'
import { PreviewShown } from '../../../preview/PreviewShown'
import { LOOKING, usePreview } from '../../../preview/usePreview'

interface Props extends ActProps {
  blueprint: Schemas['Blueprint'] | undefined
}

type Wish = Pick<Schemas['PlanChange'], 'plan' | 'overrides'>

/** Another plan, and what the tenant has instead of what its plan says: an admin's to give, and nobody else comes here. */
export function ChangePlan({ tenant, blueprint, onClose, onDone }: Props) {
  const plans = useRead('/v1/plans')
  const [plan, setPlan] = useState(tenant.plan)
  const [overrides, setOverrides] = useState<Record<string, string>>(tenant.overrides ?? {})
  const [breakGlass, setBreakGlass] = useState(false)
  const offered = (plans.data?.plans ?? []).filter(
    ({ id, active }) => id === tenant.plan || (active && (blueprint?.plans.includes(id) ?? true)),
  )
  const chosen = offered.find(({ id }) => id === plan)
  const bounds = Object.entries(chosen?.bounds ?? {})
  const wish = wished(tenant, plan, overrides)
  const preview = usePreview(`change-plan ${tenant.id}`, wish, wish =>
    api.POST('/v1/tenants/{id}/change-plan', {
      params: { path: { id: tenant.id }, query: { dry_run: 'plan' } },
      body: { ...wish, reason: LOOKING },
    }),
  )
  const change = useAct((body: Schemas['PlanChange'], key) =>
    api.POST('/v1/tenants/{id}/change-plan', {
      params: { path: { id: tenant.id }, header: { 'Idempotency-Key': key } },
      body,
    }),
  )
  const takesTwo = preview.data?.plan?.approval === true
  return (
    <Confirm
      title={`Change the plan of ${tenant.name}`}
      verb={takesTwo && !breakGlass ? 'Ask for it' : 'Change'}
      open
      onClose={onClose}
      isReady={wish !== null && preview.data?.valid !== false}
      isPending={change.isPending}
      problem={change.error}
      onConfirm={reason =>
        change.mutate(
          { ...wish, reason, ...(takesTwo && breakGlass && { break_glass: true }) },
          { onSuccess: outcome => onDone('change_request' in outcome) },
        )
      }
    >
      <Choice
        label="Plan"
        value={plan}
        onChange={setPlan}
        options={offered.map(({ id, name, price_cents, currency, billing_cycle }) => ({
          id,
          label: id === tenant.plan ? `${name} (as now)` : name,
          detail: `${money(price_cents, currency)}, ${billing_cycle}`,
        }))}
      />
      {bounds.map(([name, { min, max, values }]) => (
        <Field
          key={name}
          label={name}
          hint={`${values?.length ? values.join(', ') : `${min} to ${max}`}; empty is what the plan says${
            chosen?.settings?.[name] ? `, ${chosen.settings[name]}` : ''
          }`}
          value={overrides[name] ?? ''}
          onChange={value => setOverrides({ ...overrides, [name]: value })}
          problem={change.error?.about(`overrides.${name}`)}
        />
      ))}
      <PreviewShown of={preview} />
      {takesTwo && <BreakGlass isSelected={breakGlass} onChange={setBreakGlass} />}
    </Confirm>
  )
}

/** What is different from how it is, or nothing. */
function wished(tenant: ActProps['tenant'], plan: string, given: Record<string, string>): Wish | null {
  const overrides = Object.fromEntries(Object.entries(given).filter(([, value]) => value.trim()))
  const before = tenant.overrides ?? {}
  const names = new Set([...Object.keys(before), ...Object.keys(overrides)])
  const others = [...names].some(name => before[name] !== overrides[name])
  if (plan === tenant.plan && !others) return null
  return { ...(plan !== tenant.plan && { plan }), ...(others && { overrides }) }
}
