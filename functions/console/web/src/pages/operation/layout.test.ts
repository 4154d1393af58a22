import { expect, test } from 'vitest'

import { GAP, layout, STEP, stepsOf } from './layout'

const step = (step: string) => ({ step })

test('a sequence goes from left to right', () => {
  const { nodes, edges, width, height } = layout({ sequence: [step('a'), step('b'), step('c')] })
  expect(nodes.map(({ id, x, y }) => [id, x, y])).toEqual([
    ['a', 0, 0],
    ['b', STEP.width + GAP.x, 0],
    ['c', 2 * (STEP.width + GAP.x), 0],
  ])
  expect(edges).toEqual([
    { from: 'a', to: 'b' },
    { from: 'b', to: 'c' },
  ])
  expect({ width, height }).toEqual({ width: 3 * STEP.width + 2 * GAP.x, height: STEP.height })
})

test('what is done at once stands one above the other, and what follows waits for all of it', () => {
  const { nodes, edges, height } = layout({
    sequence: [step('a'), { parallel: [{ sequence: [step('b'), step('c')] }, step('d')] }, step('e')],
  })
  const at = Object.fromEntries(nodes.map(({ id, x, y }) => [id, { x, y }]))
  expect(at.b!.x).toBe(at.d!.x)
  expect(at.d!.y).toBe(at.b!.y + STEP.height + GAP.y)
  expect(at.a!.y).toBe((height - STEP.height) / 2)
  expect(at.e!.y).toBe(at.a!.y)
  expect(at.e!.x).toBe(at.c!.x + STEP.width + GAP.x)
  // The shorter branch goes straight on to where the longer one ends.
  const pass = nodes.find(node => node.point === 'pass')!
  expect({ x: pass.x, y: pass.y }).toEqual({ x: at.c!.x + STEP.width, y: at.d!.y + STEP.height / 2 })
  const lines = edges.map(({ from, to }) => [from, to].map(end => (end === pass.id ? '>' : end)).join(''))
  expect(lines.sort()).toEqual(['>e', 'ab', 'ad', 'bc', 'ce', 'd>'])
})

test('several before several meet in one point', () => {
  const { nodes, edges } = layout({
    sequence: [{ parallel: [step('a'), step('b')] }, { parallel: [step('c'), step('d')] }],
  })
  const joint = nodes.find(node => node.point)!
  expect(edges).toHaveLength(4)
  expect(edges.filter(edge => edge.to === joint.id).map(edge => edge.from)).toEqual(['a', 'b'])
  expect(edges.filter(edge => edge.from === joint.id).map(edge => edge.to)).toEqual(['c', 'd'])
})

test('nothing overlaps, however it is nested', () => {
  const { nodes, width, height } = layout({
    parallel: [
      {
        sequence: [
          { parallel: [step('a'), { sequence: [step('b'), { parallel: [step('c'), step('d')] }] }] },
          step('e'),
        ],
      },
      step('f'),
      { sequence: [] },
    ],
  })
  const steps = nodes.filter(node => !node.point)
  expect(steps).toHaveLength(6)
  for (const one of steps) {
    expect(one.x + STEP.width).toBeLessThanOrEqual(width)
    expect(one.y + STEP.height).toBeLessThanOrEqual(height)
    for (const other of steps) {
      const apart = Math.abs(one.x - other.x) >= STEP.width || Math.abs(one.y - other.y) >= STEP.height
      expect(one === other || apart, `${one.id} and ${other.id}`).toBe(true)
    }
  }
})

test('the steps are told in the order in which they are drawn', () => {
  expect(stepsOf({ sequence: [step('a'), { parallel: [step('b'), step('c')] }] })).toEqual(['a', 'b', 'c'])
})
