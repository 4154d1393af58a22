import { useState } from 'react'

import { useLive } from '../../api/live'
import { useMay } from '../../api/may'
import { PLANS } from '../../catalogue/entries'
import { EntryActs } from '../../catalogue/EntryActs'
import { OnOffer } from '../../catalogue/OnOffer'
import { SeedDefaults } from '../../catalogue/SeedDefaults'
import { Button } from '../../ui/Button'
import { Loaded } from '../../ui/Loaded'
import { Page } from '../../ui/Page'
import { Panel } from '../../ui/Panel'
import { Table } from '../../ui/Table'
import { limitsOf } from './limits'
import { PlanEditor } from './PlanEditor'
import { priceOf } from './PriceCard'
import './Plans.css'

/** What tenants buy. */
export default function Plans() {
  const [edited, edit] = useState<string | null>(null)
  const plans = useLive('/v1/plans')
  const may = useMay()
  return (
    <Page
      title="Plans"
      actions={
        <>
          {may('POST /v1/catalogue/defaults') && <SeedDefaults />}
          {may('POST /v1/plans') && (
            <Button look="main" onPress={() => edit('')}>
              New plan
            </Button>
          )}
        </>
      }
    >
      <Panel flush>
        <Loaded query={plans}>
          {({ plans }) => (
            <Table
              label="Plans"
              rows={plans}
              rowKey={plan => plan.id}
              empty="There are no plans yet."
              columns={[
                {
                  head: 'Plan',
                  cell: plan => (
                    <>
                      <strong>{plan.name}</strong>
                      <div className="quiet small">{plan.id}</div>
                    </>
                  ),
                },
                {
                  head: 'Price',
                  number: true,
                  cell: plan => (
                    <>
                      {priceOf(plan)}
                      <div className="quiet small">{plan.billing_cycle}</div>
                    </>
                  ),
                },
                {
                  head: 'Offered',
                  cell: plan => (
                    <div className="plan-marks">
                      <OnOffer active={plan.active} />
                      {plan.popular && <span className="quiet small">recommended</span>}
                      {plan.approval && <span className="quiet small">asks for approval</span>}
                    </div>
                  ),
                },
                {
                  head: 'Limits',
                  cell: plan => <div className="small plan-limits">{limitsOf(plan.limits).join(', ')}</div>,
                },
                {
                  head: 'To try',
                  cell: plan => (
                    <span className="small nowrap">
                      {plan.trial_days > 0 ? `${plan.trial_days} days` : '–'}
                      {plan.expires_days && <div className="quiet">ends after {plan.expires_days} days</div>}
                    </span>
                  ),
                },
                ...(may('PUT /v1/plans/{id}')
                  ? [
                      {
                        head: 'What to do',
                        cell: (plan: (typeof plans)[number]) => (
                          <div className="plan-acts">
                            <EntryActs
                              entries={PLANS}
                              id={plan.id}
                              name={plan.name}
                              active={plan.active}
                              onEdit={() => edit(plan.id)}
                            />
                          </div>
                        ),
                      },
                    ]
                  : []),
              ]}
            />
          )}
        </Loaded>
      </Panel>
      {edited !== null && <PlanEditor id={edited} onClose={() => edit(null)} />}
    </Page>
  )
}
