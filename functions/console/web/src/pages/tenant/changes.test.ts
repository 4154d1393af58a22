import { expect, test } from 'vitest'

import { changes } from './changes'

test('what stays the same is not told', () => {
  const changed = changes({ status: 'active', plan: 'starter' }, { status: 'active', plan: 'pro' })
  expect(changed).toEqual([{ what: 'plan', from: 'starter', to: 'pro' }])
})

test('what was not there before, and what is gone', () => {
  expect(changes(null, { domain: 'shop.example.com' })).toEqual([
    { what: 'domain', from: undefined, to: 'shop.example.com' },
  ])
  expect(changes({ hold: { who: 'ana' } }, { hold: null })).toEqual([
    { what: 'hold', from: '{"who":"ana"}', to: undefined },
  ])
})

test('an act that changes nothing', () => expect(changes(null, null)).toEqual([]))
