import { expect, test } from 'vitest'

import type { Schemas } from '../../api/client'
import { heard, newest } from './heard'

const said = <T>(at: string, what: T) => ({ at, event: `evt_${at}`, rank: 0, what })
const bought = (at: string, name: string) => ({ at, event: `evt_${at}`, rank: 0, names: [name] })

const SUBSCRIPTION: Schemas['Subscription'] = {
  id: 'sub_1',
  customer: said('2026-11-01T00:00:00Z', { name: 'Acme', email: 'a@acme.example', subdomain: 'acme' }),
  terms: said('2026-11-03T00:00:00Z', { state: 'past_due' }),
  bought: [bought('2026-11-02T00:00:00Z', 'professional'), bought('2026-11-01T00:00:00.5Z', 'starter')],
  dunning: { failures: ['2026-11-02T12:00:00Z'] },
}

test('what was heard is told in the order in which it was said', () => {
  expect(heard(SUBSCRIPTION).map(({ what, detail }) => [what, detail])).toEqual([
    ['customer', 'Acme, a@acme.example, wants to be acme'],
    ['plan bought', 'starter'],
    ['plan bought', 'professional'],
    ['payment failed', ''],
    ['state', 'past due'],
  ])
})

test('nothing heard is nothing told', () => {
  expect(heard({ id: 'sub_1' })).toEqual([])
})

test('the newest plan is by when it was bought, not by when it was heard', () => {
  expect(newest(SUBSCRIPTION.bought)?.names).toEqual(['professional'])
  expect(newest([])).toBeUndefined()
})
