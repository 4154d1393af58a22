import { expect, test } from 'vitest'

import type { Schemas } from '../../api/client'
import { remaining } from './eta'

const NOW = Date.parse('2026-11-23T12:00:00Z')
const ago = (ms: number) => new Date(NOW - ms).toISOString()

type Steps = Record<string, Partial<Schemas['StepProgress']>>

function operation(workflow: Schemas['Workflow'], steps: Steps, rest: Partial<Schemas['Operation']> = {}) {
  return {
    kind: 'provision' as const,
    state: 'running' as const,
    workflow,
    steps: Object.entries(steps).map(([name, said]) => ({
      name,
      state: 'waiting' as const,
      attempts: 0,
      busy_ms: 0,
      ...said,
    })),
    ...rest,
  }
}

const step = (step: string) => ({ step })
const SERIAL = { sequence: [step('a'), step('b'), step('c')] }
const PARALLEL = { parallel: [{ sequence: [step('a'), step('b')] }, step('c')] }
const USUAL = { a: 1000, b: 2000, c: 4000 }

test('what is done one after another adds up', () => {
  expect(remaining(operation(SERIAL, { a: {}, b: {}, c: {} }), USUAL, NOW)).toBe(7000)
  expect(remaining(operation(SERIAL, { a: { state: 'done' }, b: {}, c: {} }), USUAL, NOW)).toBe(6000)
  const running = operation(SERIAL, {
    a: { state: 'done' },
    b: { state: 'running', begun_at: ago(500) },
    c: {},
  })
  expect(remaining(running, USUAL, NOW)).toBe(5500)
})

test('of what is done at once the longest counts', () => {
  expect(remaining(operation(PARALLEL, { a: {}, b: {}, c: {} }), USUAL, NOW)).toBe(4000)
  const running = operation(PARALLEL, { a: {}, b: {}, c: { state: 'running', begun_at: ago(3000) } })
  expect(remaining(running, USUAL, NOW)).toBe(3000)
})

test('a step that takes longer than usual is about to end, and takes nothing from the others', () => {
  const late = operation(SERIAL, { a: { state: 'running', begun_at: ago(60_000) }, b: {}, c: {} })
  expect(remaining(late, USUAL, NOW)).toBe(6000)
  expect(remaining(operation(step('a'), { a: { state: 'running', begun_at: ago(5000) } }), USUAL, NOW)).toBe(
    0,
  )
})

test('what nobody has timed takes as long as the others do on average', () => {
  expect(remaining(operation(SERIAL, { a: {}, b: {}, c: {} }), { a: 1000, b: 3000 }, NOW)).toBe(6000)
})

test('there is no guess where nothing was ever timed', () => {
  expect(remaining(operation(SERIAL, { a: {}, b: {}, c: {} }), {}, NOW)).toBeNull()
})

test('there is nothing to wait for when it is over', () => {
  for (const state of ['succeeded', 'failed', 'stuck'] as const) {
    expect(remaining(operation(SERIAL, { a: {}, b: {}, c: {} }, { state }), USUAL, NOW), state).toBeNull()
  }
})

test('a step that is skipped or failed without harm is not waited for', () => {
  const steps = { a: { state: 'skipped' as const }, b: { state: 'failed' as const }, c: {} }
  expect(remaining(operation(SERIAL, steps), USUAL, NOW)).toBe(4000)
})

test('when it is undone, what was made counts, and what never began does not', () => {
  const steps = {
    a: { state: 'done' as const },
    b: { state: 'undoing' as const, changed_at: ago(500) },
    c: {},
  }
  expect(remaining(operation(SERIAL, steps, { state: 'compensating' }), USUAL, NOW)).toBe(2500)
  const undone = { a: { state: 'undone' as const }, b: { state: 'undone' as const }, c: {} }
  expect(remaining(operation(SERIAL, undone, { state: 'compensating' }), USUAL, NOW)).toBe(0)
})

test('a deletion still has before it what waits', () => {
  const steps = { a: {}, b: {}, c: { state: 'undone' as const } }
  expect(remaining(operation(SERIAL, steps, { kind: 'delete' }), USUAL, NOW)).toBe(3000)
  // What the tenant does not have is not destroyed.
  expect(remaining(operation(SERIAL, { a: {} }, { kind: 'delete' }), USUAL, NOW)).toBe(1000)
})

test('the way back from a change is not guessed', () => {
  const change = operation(SERIAL, { a: {} }, { kind: 'change_plan', state: 'compensating' })
  expect(remaining(change, USUAL, NOW)).toBeNull()
})

test('an offboarding that waits for days is not counted in seconds', () => {
  const offboarding = { until: ago(-1000), wakes_at: ago(-1000) }
  expect(remaining(operation(SERIAL, { a: {} }, { kind: 'offboard', offboarding }), USUAL, NOW)).toBeNull()
})
