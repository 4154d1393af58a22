import type { Schemas } from '../../api/client'

type Tenant = Schemas['Tenant']

/** What another try may be told to do otherwise, as it stands in the form. */
export interface Edits {
  from: Schemas['RetryFrom']
  name: string
  subdomain: string
  email: string
  plan: string
  theme: string | null
  category: string | null
  integrations: readonly string[]
  on_failure: Schemas['OnFailure']
  skip: readonly string[]
}

/** As it is: another try of that does the same again. */
export function unchanged(tenant: Tenant, on_failure: Schemas['OnFailure']): Edits {
  const { name, subdomain, email, plan, theme = null, category = null, integrations = [] } = tenant
  return {
    from: 'failed_step',
    name,
    subdomain,
    email,
    plan,
    theme,
    category,
    integrations,
    on_failure,
    skip: [],
  }
}

type Wish = Omit<Schemas['Retry'], 'reason'>

/** What is to be different, and nothing else: what is not sent stays. */
export function changed(before: Edits, after: Edits): Wish {
  const same = (key: keyof Edits) => text(before[key]) === text(after[key])
  const keys = (Object.keys(after) as (keyof Edits)[]).filter(key => !same(key))
  return Object.fromEntries(keys.map(key => [key, typed(after[key])])) as Wish
}

/** In no order, where there is none. */
function text(value: Edits[keyof Edits]): string {
  return JSON.stringify(Array.isArray(value) ? [...value].sort() : typed(value))
}

function typed(value: Edits[keyof Edits]) {
  return typeof value === 'string' ? value.trim() : value
}
