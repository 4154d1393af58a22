import { expect, test } from 'vitest'

import { said } from './wish'

test('a wish is a sentence', () => {
  expect(said({ delete: { grace_days: 0 } })).toBe('Delete it at once.')
  expect(said({ delete: { grace_days: 14 } })).toBe('Delete it in 14 days.')
  expect(said({ override: { overrides: { cpu: '2', memory: '1Gi' } } })).toBe('Give it cpu 2, memory 1Gi.')
  expect(said({ override: { overrides: {}, plan: 'pro' } })).toBe(
    'Give it what its plan says, and the plan pro.',
  )
})
