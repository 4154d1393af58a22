import type { Schemas } from '../../api/client'

type Tenant = Schemas['Tenant']

/** What is chosen about a signup. */
export interface Choices {
  name: string
  theme: string | null
  plan: string
  subdomain: string
  /** A domain of their own; empty for none. */
  domain: string
  category: string | null
  integrations: readonly string[]
}

/** What the signup says. */
export function asked(tenant: Tenant, domains: Schemas['Domains']): Choices {
  return {
    name: tenant.name,
    theme: tenant.theme ?? null,
    plan: tenant.plan,
    subdomain: tenant.subdomain,
    domain: domains.domains[0]?.hostname ?? '',
    category: tenant.category ?? null,
    integrations: tenant.integrations ?? [],
  }
}

/** What is to be different from the signup: what is not named stays, also where it is not sold any more. */
export function approval(signup: Choices, chosen: Choices, reason: string): Schemas['Approval'] {
  const differs = (field: keyof Choices) => String(chosen[field]) !== String(signup[field])
  const integrations = chosen.integrations.toSorted()
  return {
    reason,
    ...(differs('name') && { name: chosen.name }),
    ...(chosen.theme !== null && differs('theme') && { theme: chosen.theme }),
    ...(differs('plan') && { plan: chosen.plan }),
    ...(differs('subdomain') && { subdomain: chosen.subdomain }),
    ...(differs('domain') && { custom_domain: chosen.domain }),
    ...(chosen.category !== null && differs('category') && { category: chosen.category }),
    ...(String(integrations) !== String(signup.integrations.toSorted()) && { integrations }),
  }
}

/** Those of the catalogue that a blueprint names and are on offer, in its order, and the one that the signup has anyway. */
export function onOffer<T extends { id: string; active: boolean }>(
  named: readonly string[],
  all: readonly T[],
  had: string | null,
): T[] {
  const found = named.map(id => all.find(entry => entry.id === id)).filter(entry => entry !== undefined)
  const offered = found.filter(entry => entry.active || entry.id === had)
  const kept = all.find(entry => entry.id === had && !offered.includes(entry))
  return kept ? [...offered, kept] : offered
}
