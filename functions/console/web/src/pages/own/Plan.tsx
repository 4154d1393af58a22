import { useState } from 'react'

import type { Schemas } from '../../api/client'
import { useRead } from '../../api/live'
import { useMay } from '../../api/may'
import { Button } from '../../ui/Button'
import { Loaded } from '../../ui/Loaded'
import { Panel } from '../../ui/Panel'
import { PriceCard } from '../plans/PriceCard'
import { ChangePlan } from './ChangePlan'

/** What is paid for, and what else there is to be had. */
export function Plan({ tenant }: { tenant: Schemas['ShownTenant'] }) {
  const may = useMay()
  const offer = useRead('/v1/offers/{blueprint}', { path: { blueprint: tenant.blueprint.name } })
  const [changing, setChanging] = useState(false)
  const plans = offer.data?.plans ?? []
  const plan = plans.find(({ id }) => id === tenant.plan)
  const others = plans.some(({ id }) => id !== tenant.plan)
  const rests = !tenant.operation && (tenant.status === 'active' || tenant.status === 'hibernating')
  return (
    <Panel
      title="Your plan"
      actions={
        others &&
        rests &&
        may('POST /v1/tenants/{id}/change-plan') && (
          <Button onPress={() => setChanging(true)}>Change plan</Button>
        )
      }
    >
      {/* What is not sold any more is still had. */}
      {offer.error?.status === 404 ? (
        <p>{tenant.plan}</p>
      ) : (
        <Loaded query={offer}>{() => (plan ? <PriceCard plan={plan} /> : <p>{tenant.plan}</p>)}</Loaded>
      )}
      {changing && <ChangePlan tenant={tenant} plans={plans} onClose={() => setChanging(false)} />}
    </Panel>
  )
}
