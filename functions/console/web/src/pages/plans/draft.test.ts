import { expect, test } from 'vitest'

import type { Schemas } from '../../api/client'
import { digitsOf, drafted, planOf, wrongWith } from './draft'
import { limitsOf } from './limits'

const PLAN: Schemas['Plan'] = {
  id: 'professional',
  name: 'Professional',
  description: 'd',
  price_cents: 7999,
  currency: 'USD',
  billing_cycle: 'monthly',
  trial_days: 14,
  popular: true,
  active: true,
  approval: false,
  features: ['One', 'Two'],
  limits: { products: 1000 },
  settings: { cpu: '2' },
  bounds: { cpu: { min: '1', max: '2', values: ['1', '2'], whole: false } },
}

test('a plan that nobody touches is the same plan', () => {
  expect(planOf(drafted(PLAN))).toEqual(PLAN)
  const trying = { ...PLAN, expires_days: 30 }
  expect(planOf(drafted(trying))).toEqual(trying)
})

test('a price is typed in units and kept in the smallest one', () => {
  for (const [currency, price, cents] of [
    ['USD', 79.99, 7999],
    ['USD', 1.15, 115],
    ['JPY', 1200, 1200],
    ['KWD', 1.005, 1005],
  ] as const) {
    expect(planOf({ ...drafted(PLAN), currency, price }).price_cents).toBe(cents)
    expect(drafted({ ...PLAN, currency, price_cents: cents }).price).toBe(price)
  }
  expect([digitsOf('USD'), digitsOf('JPY'), digitsOf('KWD'), digitsOf('U')]).toEqual([2, 0, 3, 2])
})

test('empty lines are no features, and empty limits none', () => {
  const draft = {
    ...drafted(PLAN),
    features: ' One \n\n Two\n',
    limits: { ...drafted(PLAN).limits, products: NaN },
  }
  expect(planOf(draft)).toMatchObject({ features: ['One', 'Two'], limits: {} })
  expect(planOf(draft).limits).not.toHaveProperty('products')
  expect(limitsOf({ products: 1000 })).toEqual([
    '1,000 products',
    'unlimited orders a month',
    'unlimited storage',
    'unlimited bandwidth',
  ])
  expect(limitsOf({ storage_gb: 50 })[2]).toBe('50 GB of storage')
})

test('what the API would not keep is told by field', () => {
  const draft = { ...drafted(PLAN), id: 'Pro!', name: ' ', price: NaN, currency: 'usd', billing_cycle: '' }
  expect(Object.keys(wrongWith(draft, true))).toEqual(['id', 'name', 'price', 'currency', 'billing_cycle'])
  expect(wrongWith(drafted(PLAN), false)).toEqual({})
  const bounds = [{ name: 'cpu', min: 'one', max: '512Mi', values: '', whole: false }]
  expect(Object.keys(wrongWith({ ...drafted(PLAN), bounds }, false))).toEqual(['bounds.0.min'])
})
