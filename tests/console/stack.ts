import { readFileSync } from 'node:fs'

/** The stack that the tests run against, as `stack run` and `stack env` tell it. */
export const stack = {
  /** Leads to the page. */
  console: told('TENANTRY_CONSOLE'),
  api: told('TENANTRY_API'),
  /** An admin's. */
  token: told('TENANTRY_TOKEN'),
  /** Where the sandbox takes faults. */
  sandbox: told('TENANTRY_SANDBOX'),
  emulator: told('TENANTRY_EMULATOR'),
  deployment: told('TENANTRY_DEPLOYMENT'),
  /** What the biller signs with. */
  stripe: told('TENANTRY_STRIPE_SECRET'),
  passwords: JSON.parse(readFileSync(told('TENANTRY_PEOPLE'), 'utf8')) as Record<string, string>,
  outputs: JSON.parse(readFileSync(told('TENANTRY_STACK_OUTPUTS'), 'utf8')) as Record<string, string>,
}

function told(name: string): string {
  const value = process.env[name]
  if (!value)
    throw new Error(`${name} is not set: \`make browser\` runs these tests against a stack of their own`)
  return value
}
