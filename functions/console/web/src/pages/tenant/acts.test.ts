import { expect, test } from 'vitest'

import { type ActId, offered, type Tenant } from './acts'
import type { Act } from '../../api/may'
import permissions from '../../api/permissions.json'

const NOW = new Date('2026-06-01T00:00:00Z')
const PRODUCT = { hibernates: true, version: 2 }
const OPERATION = '01M7YJMCAGDF8N7ZT7RZ80SAD4'

function tenant(status: Tenant['status'], more: Partial<Tenant> = {}): Tenant {
  return {
    id: 'acme-7f3a9c',
    name: 'Acme',
    subdomain: 'acme',
    email: 'owner@example.com',
    plan: 'starter',
    blueprint: { name: 'merchant-workspace', version: 1 },
    created_at: '2026-01-01T00:00:00Z',
    status,
    ...more,
  }
}

const as = (role: string) => (act: Act) => permissions[act].includes(role)

function offers(tenant: Tenant, role = 'admin', product: typeof PRODUCT | undefined = PRODUCT): ActId[] {
  return offered(tenant, product, as(role), NOW).map(({ id }) => id)
}

test('a viewer is offered nothing', () => {
  for (const status of ['active', 'failed', 'cancelling', 'pending_approval'] as const) {
    expect(offers(tenant(status), 'viewer')).toEqual([])
  }
})

test('an operator sets going what has stopped, and deletes nothing', () => {
  expect(offers(tenant('failed'), 'operator')).toEqual(['retry'])
  expect(offers(tenant('active'), 'operator')).toEqual(['check', 'make_read_only', 'hibernate'])
})

test('what is suspended can be resumed, not suspended again', () => {
  const suspended = offers(tenant('suspended'))
  expect(suspended).toContain('resume')
  expect(suspended).not.toContain('suspend')
  expect(suspended).not.toContain('change_plan')
})

test('while something is done to it, nothing else is begun but what ends it', () => {
  expect(offers(tenant('changing_plan', { operation: OPERATION }))).toEqual(['lock', 'hold', 'force_delete'])
  // It is still suspended while it is being resumed.
  expect(offers(tenant('suspended', { operation: OPERATION }))).not.toContain('resume')
})

test('who is cancelling waits by an operation, and is restored or deleted at once', () => {
  const cancelling = offers(tenant('cancelling', { operation: OPERATION }))
  expect(cancelling).toEqual(['restore', 'hold', 'delete', 'force_delete'])
})

test('what is held or locked is not deleted', () => {
  const hold = { since: '2026-01-01T00:00:00Z', who: 'ana', why: 'a court' }
  const held = offers(tenant('active', { hold }))
  expect(held).toContain('release')
  expect(held).not.toContain('delete')
  expect(held).not.toContain('force_delete')
  expect(offers(tenant('active', { deletion_lock: hold }))).toContain('unlock')
})

test('what is gone comes back for as long as its archive is kept', () => {
  const archive = { bucket: 'b', manifest: 'm', sha256: 's', objects: 1, bytes: 1 }
  const gone = (kept_until: string) => offers(tenant('deleted', { archive: { ...archive, kept_until } }))
  expect(gone('2026-06-02T00:00:00Z')).toEqual(['restore'])
  expect(gone('2026-05-31T00:00:00Z')).toEqual([])
  expect(offers(tenant('deleted'))).toEqual([])
})

test('only what can sleep is put to sleep, and there is no other version of what has one', () => {
  const offer = offers(tenant('active'), 'admin', { hibernates: false, version: 1 })
  expect(offer).not.toContain('hibernate')
  expect(offer).not.toContain('upgrade')
})
