import { expect, test } from 'vitest'

import type { Schemas } from '../../api/client'
import { changed, unchanged } from './edits'

const tenant = {
  id: 'acme-000000',
  name: 'Acme',
  subdomain: 'acme',
  email: 'o@example.com',
  plan: 'starter',
  integrations: ['stripe', 'mail'],
} as Schemas['Tenant']
const before = unchanged(tenant, 'compensate')

test('what is as it was is not sent', () => {
  expect(changed(before, before)).toEqual({})
  expect(changed(before, { ...before, name: ' Acme ', integrations: ['mail', 'stripe'] })).toEqual({})
})

test('what is different is sent, also where it is taken away', () => {
  const after = {
    ...before,
    from: 'start' as const,
    subdomain: ' better',
    theme: 'dark',
    integrations: [],
    on_failure: 'hold' as const,
    skip: ['merchant-seed-data'],
  }
  expect(changed(before, after)).toEqual({
    from: 'start',
    subdomain: 'better',
    theme: 'dark',
    integrations: [],
    on_failure: 'hold',
    skip: ['merchant-seed-data'],
  })
})
