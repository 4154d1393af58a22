import { expect, test } from 'vitest'

import { plainly } from './words'

test('a step is told without who does it', () => {
  expect(plainly('merchant-publish-website')).toBe('Publish website')
  expect(plainly('neon-create-database')).toBe('Create database')
  expect(plainly('object-store-create-buckets')).toBe('Create buckets')
})

test('what only looks is a check', () => {
  expect(plainly('merchant-probe-sign-in')).toBe('Check sign in')
})
