import type { Schemas } from '../../api/client'
import { spelled } from '../../ui/State'

/** One thing that a biller said of a subscription. */
export interface Heard {
  at: string
  what: string
  detail: string
  event?: string
}

/** What still stands of all that was said of a subscription, in the order in which it was said. */
export function heard(subscription: Schemas['Subscription']): Heard[] {
  const { customer, terms, cancelled, bought, dunning } = subscription
  const all: Heard[] = []
  if (customer) {
    const { name, email, billing_email: bills, subdomain } = customer.what
    const detail = [name, email, bills && `bills to ${bills}`, subdomain && `wants to be ${subdomain}`]
    all.push({ ...said(customer), what: 'customer', detail: detail.filter(Boolean).join(', ') })
  }
  if (terms) {
    const { state, tenant } = terms.what
    const detail = tenant ? `${spelled(state)}, for ${tenant}` : spelled(state)
    all.push({ ...said(terms), what: 'state', detail })
  }
  for (const plan of bought ?? []) {
    all.push({ ...said(plan), what: 'plan bought', detail: plan.names.join(', ') })
  }
  if (cancelled) all.push({ ...said(cancelled), what: 'cancelled', detail: `ends ${cancelled.what.at}` })
  for (const at of dunning?.failures ?? []) all.push({ at, what: 'payment failed', detail: '' })
  if (dunning?.paid_at) all.push({ at: dunning.paid_at, what: 'paid', detail: '' })
  return all.sort((one, other) => Date.parse(one.at) - Date.parse(other.at))
}

/** The plan that was bought last. */
export function newest(bought: Schemas['PlanHistory'] | undefined): Schemas['Bought'] | undefined {
  return bought?.reduce(
    (last, plan) => (Date.parse(plan.at) >= Date.parse(last.at) ? plan : last),
    bought[0]!,
  )
}

function said({ at, event }: { at: string; event: string }) {
  return { at, event }
}
