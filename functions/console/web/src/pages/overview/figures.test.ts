import { describe, expect, test } from 'vitest'

import { dealtWith } from './dealt-with'
import { ceiling, percent } from './figures'

test('a rate is told to a tenth of a percent, and not at all where there is none', () => {
  expect([0.952, 1, 0, null].map(percent)).toEqual(['95.2%', '100%', '0%', '–'])
})

test.each([
  [0, 1],
  [1, 1],
  [3, 5],
  [21_000, 50_000],
  [50_000, 50_000],
  [99, 100],
])('an axis up to %d ends at %d', (highest, end) => expect(ceiling(highest)).toBe(end))

describe('what needs a person leads to where it is dealt with', () => {
  test.each([
    ['approval', '/approvals'],
    ['change_request', '/approvals'],
    ['repair_task', '/repairs'],
    ['stuck', '/tenants/acme-7f3a9c'],
    ['failed', '/tenants/acme-7f3a9c'],
    ['domain', '/tenants/acme-7f3a9c'],
  ] as const)('%s', (what, place) => expect(dealtWith({ what, tenant: 'acme-7f3a9c' }).place).toBe(place))

  test('dead events are nobody’s', () => expect(dealtWith({ what: 'dead_event' }).place).toBe('/billing'))
})
