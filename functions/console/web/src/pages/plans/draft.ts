import type { Schemas } from '../../api/client'
import { wrongId } from '../../catalogue/wrong'
import { byName, type Entry } from '../../ui/Entries'
import { LIMITS, type Limit } from './limits'

type Plan = Schemas['Plan']

/** How far a setting can be overridden, while it is typed. */
export interface Bound {
  name: string
  min: string
  max: string
  /** With commas between them. */
  values: string
  whole: boolean
}

/** A plan while it is typed: the price in the currency's units, NaN for what is not said, lines for lists. */
export interface Draft {
  id: string
  name: string
  description: string
  price: number
  currency: string
  billing_cycle: string
  trial_days: number
  expires_days: number
  popular: boolean
  active: boolean
  approval: boolean
  features: string
  limits: Record<Limit, number>
  settings: Entry[]
  bounds: Bound[]
}

/** What is wrong with a draft, by field; of a bound, by `bounds.<line>.<field>`. */
export type Wrong = Partial<Record<string, string>>

/** A quantity, as the API has it. */
const QUANTITY = /^\d{1,12}(\.\d{1,3}(k|M|G|T|Ki|Mi|Gi|Ti)?|m|k|M|G|T|Ki|Mi|Gi|Ti)?$/

/** The largest price that the API keeps, in the smallest unit. */
const MOST_CENTS = 0xffff_ffff

/** How many digits a currency has behind the point (ISO 4217); two of one that is still being typed. */
export function digitsOf(currency: string): number {
  if (!isCurrency(currency)) return 2
  const format = new Intl.NumberFormat('en', { style: 'currency', currency })
  return format.resolvedOptions().maximumFractionDigits ?? 2
}

function isCurrency(text: string): boolean {
  return /^[A-Z]{3}$/.test(text)
}

export function drafted(plan: Plan): Draft {
  const limit = (name: Limit) => plan.limits[name] ?? NaN
  return {
    ...plan,
    price: plan.price_cents / 10 ** digitsOf(plan.currency),
    expires_days: plan.expires_days ?? NaN,
    approval: plan.approval ?? false,
    features: plan.features.join('\n'),
    limits: Object.fromEntries((Object.keys(LIMITS) as Limit[]).map(name => [name, limit(name)])) as Record<
      Limit,
      number
    >,
    settings: Object.entries(plan.settings ?? {}),
    bounds: Object.entries(plan.bounds ?? {}).map(([name, { min, max, values = [], whole = false }]) => ({
      name,
      min,
      max,
      values: values.join(', '),
      whole,
    })),
  }
}

/** The plan that a draft comes to. */
export function planOf(draft: Draft): Plan {
  const limits = Object.entries(draft.limits).filter(([, count]) => !Number.isNaN(count))
  const bounds = draft.bounds.filter(bound => bound.name.trim())
  return {
    id: draft.id,
    name: draft.name.trim(),
    description: draft.description.trim(),
    price_cents: Math.round((Number.isNaN(draft.price) ? 0 : draft.price) * 10 ** digitsOf(draft.currency)),
    currency: draft.currency,
    billing_cycle: draft.billing_cycle.trim(),
    trial_days: Number.isNaN(draft.trial_days) ? 0 : draft.trial_days,
    ...(!Number.isNaN(draft.expires_days) && { expires_days: draft.expires_days }),
    popular: draft.popular,
    active: draft.active,
    approval: draft.approval,
    features: parts(draft.features, '\n'),
    limits: Object.fromEntries(limits),
    settings: byName(draft.settings),
    bounds: Object.fromEntries(
      bounds.map(({ name, min, max, values, whole }) => {
        const listed = parts(values, ',')
        const bound = {
          min: min.trim(),
          max: max.trim(),
          whole,
          ...(listed.length > 0 && { values: listed }),
        }
        return [name.trim(), bound]
      }),
    ),
  }
}

function parts(text: string, between: string): string[] {
  const all = text.split(between).map(part => part.trim())
  return all.filter(part => part !== '')
}

export function wrongWith(draft: Draft, isNew: boolean): Wrong {
  const wrong: Wrong = {}
  const id = isNew ? wrongId(draft.id) : undefined
  if (id) wrong.id = id
  if (!draft.name.trim()) wrong.name = 'It has no name.'
  if (Number.isNaN(draft.price)) wrong.price = 'It has no price. What is free costs 0.'
  else if (planOf(draft).price_cents > MOST_CENTS) wrong.price = 'It is more than can be kept.'
  if (!isCurrency(draft.currency)) wrong.currency = 'A currency is three capitals: USD.'
  if (!draft.billing_cycle.trim()) wrong.billing_cycle = 'It says not for how long that is.'
  draft.bounds.forEach((bound, line) => {
    if (!bound.name.trim()) return
    for (const end of ['min', 'max'] as const) {
      if (!QUANTITY.test(bound[end].trim()))
        wrong[`bounds.${line}.${end}`] = 'A quantity: 2, 0.25, 500m, 512Mi.'
    }
  })
  return wrong
}
