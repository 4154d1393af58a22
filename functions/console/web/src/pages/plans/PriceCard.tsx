import type { Schemas } from '../../api/client'
import { money } from '../../ui/Money'
import { limitsOf } from './limits'
import '../../ui/State.css'
import './PriceCard.css'

/** What customers are told of a plan. */
export type Offered = Pick<
  Schemas['Plan'],
  | 'name'
  | 'description'
  | 'price_cents'
  | 'currency'
  | 'billing_cycle'
  | 'trial_days'
  | 'popular'
  | 'features'
  | 'limits'
> & { approval?: boolean }

/** A plan as customers see it. */
export function PriceCard({ plan }: { plan: Offered }) {
  return (
    <div className="price-card">
      <div className="price-name">
        <strong>{plan.name}</strong>
        {plan.popular && <span className="state good">recommended</span>}
      </div>
      <div className="price">
        <span className="price-amount">{priceOf(plan)}</span>{' '}
        <span className="quiet">{plan.billing_cycle}</span>
      </div>
      {plan.trial_days > 0 && <div className="small">{plan.trial_days} days to try it</div>}
      {plan.approval && <div className="small">We look at each signup first</div>}
      {plan.description && <p className="quiet small">{plan.description}</p>}
      <ul className="price-features small">
        {plan.features.map(feature => (
          <li key={feature}>{feature}</li>
        ))}
      </ul>
      <p className="quiet small">{limitsOf(plan.limits).join(', ')}</p>
    </div>
  )
}

/** The price, also of a currency that is still being typed. */
export function priceOf({ price_cents, currency }: Pick<Offered, 'price_cents' | 'currency'>): string {
  return /^[A-Z]{3}$/.test(currency) ? money(price_cents, currency) : '–'
}
