import { call, random } from './api'
import { expect } from './console'

export interface Tenant {
  id: string
  name: string
  subdomain: string
  email: string
  status: string
  plan: string
  blueprint: { name: string; version: number }
  operation?: string
  endpoints?: Record<string, string>
  access?: string
  grace?: { deletes_at: string; was: string }
  hold?: { who: string; why: string }
  deletion_lock?: { who: string; why: string }
}

/** How long a provisioning may take on a machine that has much else to do. */
export const PATIENCE = 90_000

/** Has a tenant made, by a name that nobody has. */
export async function accepted(more: Record<string, unknown> = {}): Promise<Tenant> {
  const mark = random()
  const { tenant } = await call<{ tenant: Tenant }>('POST', '/v1/tenants', {
    name: `Acme ${mark}`,
    subdomain: `acme-${mark}`,
    email: `owner@${mark}.example.com`,
    blueprint: 'merchant-workspace',
    ...more,
  })
  return tenant
}

/** A tenant that lives. */
export async function active(more: Record<string, unknown> = {}): Promise<Tenant> {
  const { id } = await accepted(more)
  return until(id, 'active')
}

export function tenant(id: string): Promise<Tenant> {
  return call('GET', `/v1/tenants/${id}`)
}

/** The tenant, once it is in that status and nothing is done to it. */
export async function until(id: string, status: string): Promise<Tenant> {
  await expect
    .poll(
      async () => {
        const { status, operation } = await tenant(id)
        return { status, busy: operation !== undefined && status !== 'cancelling' }
      },
      { timeout: PATIENCE },
    )
    .toEqual({ status, busy: false })
  return tenant(id)
}
