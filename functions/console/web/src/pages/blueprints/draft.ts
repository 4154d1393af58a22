import type { Schemas } from '../../api/client'
import { byName, type Entry } from '../../ui/Entries'
import { stepsOf } from './workflow'

type Blueprint = Schemas['Blueprint']

/** What of a blueprint can be said, while it is typed: lines for lists, dollars for costs, NaN for none. */
export interface Draft {
  description: string
  approval: boolean
  plans: string[]
  themes: string[]
  categories: string
  integrations: string
  on_failure: Schemas['OnFailure']
  idle_days: number
  settings: Entry[]
  costs: Record<string, number>
}

export function drafted(blueprint: Blueprint): Draft {
  const costs = blueprint.costs ?? {}
  // Also those of steps that it has no more: they are not lost by being looked at.
  const steps = new Set([...(blueprint.workflow ? stepsOf(blueprint.workflow) : []), ...Object.keys(costs)])
  return {
    description: blueprint.description,
    approval: blueprint.approval ?? false,
    plans: blueprint.plans,
    themes: blueprint.themes ?? [],
    categories: (blueprint.categories ?? []).join('\n'),
    integrations: (blueprint.integrations ?? []).join('\n'),
    on_failure: blueprint.on_failure ?? 'compensate',
    idle_days: blueprint.hibernation?.idle_days ?? 0,
    settings: Object.entries(blueprint.settings ?? {}),
    costs: Object.fromEntries([...steps].map(step => [step, (costs[step] ?? NaN) / 100])),
  }
}

/** What is to be different; what is not named stays. */
export function update(before: Blueprint, draft: Draft, reason: string): Schemas['BlueprintUpdate'] {
  const costs = Object.entries(draft.costs).filter(([, dollars]) => !Number.isNaN(dollars))
  const now = {
    description: draft.description.trim(),
    approval: draft.approval,
    plans: draft.plans,
    themes: draft.themes,
    categories: lines(draft.categories),
    integrations: lines(draft.integrations),
    on_failure: draft.on_failure,
    hibernation: { idle_days: Number.isNaN(draft.idle_days) ? 0 : draft.idle_days },
    settings: byName(draft.settings),
    costs: Object.fromEntries(costs.map(([step, dollars]) => [step, Math.round(dollars * 100)])),
  }
  const was: typeof now = {
    description: before.description,
    approval: before.approval ?? false,
    plans: before.plans,
    themes: before.themes ?? [],
    categories: before.categories ?? [],
    integrations: before.integrations ?? [],
    on_failure: before.on_failure ?? 'compensate',
    hibernation: before.hibernation ?? { idle_days: 0 },
    settings: before.settings ?? {},
    costs: before.costs ?? {},
  }
  const changed = Object.entries(now).filter(([field, value]) => !same(value, was[field as keyof typeof was]))
  return { reason, ...Object.fromEntries(changed) }
}

/** Whether two say the same, in whatever order their names stand. */
function same(one: unknown, other: unknown): boolean {
  const flat = (value: unknown) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
      : value
  return JSON.stringify(flat(one)) === JSON.stringify(flat(other))
}

/** The default first; the others stay in their order. */
export function ordered(chosen: readonly string[], first: string | null): string[] {
  return first !== null && chosen.includes(first)
    ? [first, ...chosen.filter(id => id !== first)]
    : [...chosen]
}

function lines(text: string): string[] {
  const all = text.split('\n').map(line => line.trim())
  return [...new Set(all.filter(line => line !== ''))].sort()
}
