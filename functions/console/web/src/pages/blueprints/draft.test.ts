import { expect, test } from 'vitest'

import type { Schemas } from '../../api/client'
import { drafted, ordered, update } from './draft'

const BLUEPRINT: Schemas['Blueprint'] = {
  name: 'merchant-workspace',
  version: 3,
  description: 'A shop.',
  active: true,
  plans: ['starter', 'professional'],
  themes: ['upfront-modern'],
  categories: ['books', 'pets'],
  integrations: ['stripe'],
  settings: { country: 'US', currency: 'USD' },
  costs: { 'vault-store-password': 40, gone: 5 },
  workflow: { sequence: [{ step: 'merchant-create-group' }, { step: 'vault-store-password' }] },
}

test('a blueprint that nobody touches is not changed', () => {
  expect(update(BLUEPRINT, drafted(BLUEPRINT), 'why')).toEqual({ reason: 'why' })
})

test('what is different is named, and nothing else', () => {
  const draft = drafted(BLUEPRINT)
  const costs = { ...draft.costs, 'merchant-create-group': 0.29, gone: NaN }
  expect(
    update(BLUEPRINT, { ...draft, categories: 'pets\n\n books \nart', costs, idle_days: 30 }, 'why'),
  ).toEqual({
    reason: 'why',
    categories: ['art', 'books', 'pets'],
    costs: { 'merchant-create-group': 29, 'vault-store-password': 40 },
    hibernation: { idle_days: 30 },
  })
  expect(update(BLUEPRINT, { ...draft, plans: ['professional', 'starter'] }, 'why')).toEqual({
    reason: 'why',
    plans: ['professional', 'starter'],
  })
})

test('the default comes first', () => {
  expect(ordered(['a', 'b', 'c'], 'b')).toEqual(['b', 'a', 'c'])
  expect(ordered(['a', 'c'], 'b')).toEqual(['a', 'c'])
})
