import type { UseQueryResult } from '@tanstack/react-query'

import type { Schemas } from '../api/client'
import type { Problem } from '../api/problem'
import { Facts } from '../ui/Facts'
import { Loaded } from '../ui/Loaded'
import { money } from '../ui/Money'
import { Notice } from '../ui/Notice'
import { Table } from '../ui/Table'
import { duration, Time } from '../ui/Time'
import './PreviewShown.css'

/** What resources cost is told in this. */
const COSTS_IN = 'USD'

/** What a change would come to: its steps, its price, its cost, or what is wrong with it. */
export function PreviewShown({ of }: { of: UseQueryResult<Schemas['Preview'], Problem> }) {
  if (of.fetchStatus === 'idle' && of.data === undefined && !of.error) return null
  return (
    <section className="preview-of" aria-label="What it would do">
      <Loaded query={of}>
        {({ violations, plan }) =>
          violations.length > 0 ? (
            <Notice tone="bad" title="It would be refused">
              <ul>
                {violations.map(({ field, problem, allowed }) => (
                  <li key={`${field} ${problem}`}>
                    <code>{field}</code> {problem}; allowed: {allowed}
                  </li>
                ))}
              </ul>
            </Notice>
          ) : (
            plan && <Planned plan={plan} />
          )
        }
      </Loaded>
    </section>
  )
}

function Planned({ plan }: { plan: Schemas['ChangePreview'] }) {
  const { price, cost_cents, estimated_ms, approval, headroom, missing_permissions, steps } = plan
  const closed = headroom.filter(quota => quota.closed_until)
  return (
    <>
      {approval && (
        <Notice tone="wait">Somebody else has to approve it: it is asked for, and done after that.</Notice>
      )}
      {missing_permissions.length > 0 && (
        <Notice tone="bad">There is no account here with {missing_permissions.join(', ')}.</Notice>
      )}
      {closed.map(({ provider, of, closed_until }) => (
        <Notice key={`${provider} ${of}`} tone="wait">
          {provider} takes no more {of} until <Time at={closed_until} />: it will wait for that.
        </Notice>
      ))}
      <Facts
        of={{
          Price: price && priced(price),
          'Costs us':
            cost_cents === 0
              ? 'as much as before'
              : `${money(Math.abs(cost_cents), COSTS_IN)} a month ${cost_cents > 0 ? 'more' : 'less'}, roughly`,
          'Usually takes': estimated_ms > 0 && duration(estimated_ms),
        }}
      />
      <details>
        <summary>
          {steps.length} {steps.length === 1 ? 'step' : 'steps'}
        </summary>
        <Table
          label="Steps"
          rows={steps}
          rowKey={step => step.step}
          empty="Nothing has to be done."
          columns={[
            { head: 'Step', cell: step => <code>{step.step}</code> },
            { head: 'Does', cell: step => step.does },
            {
              head: 'Usually takes',
              cell: step => step.usual_ms != null && duration(step.usual_ms),
              number: true,
            },
          ]}
        />
      </details>
    </>
  )
}

function priced({ cents, currency, billing_cycle, trial_days }: Schemas['Price']): string {
  const trial = trial_days > 0 ? `, after ${trial_days} days to try` : ''
  return `${money(cents, currency)}, ${billing_cycle}${trial}`
}
