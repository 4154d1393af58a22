import { useState } from 'react'
import type { UseQueryResult } from '@tanstack/react-query'

import { useAct } from '../../api/act'
import { api, type Schemas } from '../../api/client'
import type { Problem } from '../../api/problem'
import { Confirm } from '../../ui/Dialog'
import { Loaded } from '../../ui/Loaded'
import { money } from '../../ui/Money'
import { Notice } from '../../ui/Notice'
import { Picks } from '../../ui/Picks'
import { roughly } from '../operation/told'
import { PriceCard } from '../plans/PriceCard'
import { LOOKING, usePreview } from '../../preview/usePreview'
import { WHY } from './why'

interface Props {
  tenant: Schemas['ShownTenant']
  plans: readonly Schemas['OfferedPlan'][]
  onClose: () => void
}

/** Another plan: seen first, then had. */
export function ChangePlan({ tenant, plans, onClose }: Props) {
  const [chosen, choose] = useState<string | null>(null)
  const path = { id: tenant.id }
  const preview = usePreview(`change-plan ${tenant.id}`, chosen, plan =>
    api.POST('/v1/tenants/{id}/change-plan', {
      params: { path, query: { dry_run: 'plan' } },
      body: { plan, reason: LOOKING },
    }),
  )
  const change = useAct((body: Schemas['PlanChange'], key) =>
    api.POST('/v1/tenants/{id}/change-plan', {
      params: { path, header: { 'Idempotency-Key': key } },
      body,
    }),
  )
  return (
    <Confirm
      open
      wide
      title="Change your plan"
      verb="Change plan"
      why={WHY}
      isReady={chosen !== null && preview.data?.valid === true}
      isPending={change.isPending}
      problem={change.error}
      onClose={onClose}
      onConfirm={reason => change.mutate({ plan: chosen, reason }, { onSuccess: onClose })}
    >
      <Picks
        label="Plans"
        picks={plans
          .filter(({ id }) => id !== tenant.plan)
          .map(plan => ({ id: plan.id, label: plan.name, content: <PriceCard plan={plan} /> }))}
        value={chosen}
        onChange={choose}
      />
      {chosen !== null && <Follows key={chosen} of={preview} />}
    </Confirm>
  )
}

/** What comes of it, before anything does. */
function Follows({ of: preview }: { of: UseQueryResult<Schemas['Preview'], Problem> }) {
  return (
    <Loaded query={preview}>
      {({ valid, violations, plan }) =>
        valid ? (
          <Notice tone="good" title="You can have it">
            {plan?.price && (
              <p>
                You pay {money(plan.price.cents, plan.price.currency)} {plan.price.billing_cycle} from then
                on.
              </p>
            )}
            {plan && plan.estimated_ms > 0 && <p>The change takes about {roughly(plan.estimated_ms)}.</p>}
          </Notice>
        ) : (
          <Notice tone="bad" title="You cannot have it yet">
            <ul>
              {violations.map(({ field, problem, allowed }) => (
                <li key={field}>
                  It {problem}. Possible: {allowed}.
                </li>
              ))}
            </ul>
          </Notice>
        )
      }
    </Loaded>
  )
}
