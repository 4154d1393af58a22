import { expect, test } from 'vitest'

import { longest, stepsOf, type Workflow } from './workflow'

/** a, then (b, c) beside d, then e. */
const DIAMOND: Workflow = {
  sequence: [
    { step: 'a' },
    { parallel: [{ sequence: [{ step: 'b' }, { step: 'c' }] }, { step: 'd' }] },
    { step: 'e' },
  ],
}

test('steps stand in the order they are drawn', () => {
  expect(stepsOf(DIAMOND)).toEqual(['a', 'b', 'c', 'd', 'e'])
})

test('the longest chain adds in sequence and takes the longest branch', () => {
  expect(longest(DIAMOND, { a: 10, b: 20, c: 20, d: 30, e: 1 })).toBe(51)
  expect(longest(DIAMOND, { a: 10, d: 30 })).toBe(40)
  expect(longest({ parallel: [] }, {})).toBe(0)
})
