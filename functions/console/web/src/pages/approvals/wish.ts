import type { Schemas } from '../../api/client'

/** What somebody wants done, in a sentence. */
export function said(wish: Schemas['Wish']): string {
  if ('delete' in wish) {
    const days = wish.delete.grace_days
    return days === 0 ? 'Delete it at once.' : `Delete it in ${days === 1 ? 'a day' : `${days} days`}.`
  }
  const { plan, overrides } = wish.override
  const settings = Object.entries(overrides).map(([name, value]) => `${name} ${value}`)
  const given = settings.length > 0 ? `Give it ${settings.join(', ')}` : 'Give it what its plan says'
  return plan ? `${given}, and the plan ${plan}.` : `${given}.`
}
