import { describe, expect, test } from 'vitest'

import { contrast, faint, isColour, luminance, told } from './contrast'

describe('contrast', () => {
  test('is what WCAG says of its ends', () => {
    expect(luminance('#ffffff')).toBeCloseTo(1, 10)
    expect(luminance('#000000')).toBe(0)
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 10)
    expect(contrast('#777777', '#777777')).toBe(1)
  })

  test('is the same either way, and that of known greys', () => {
    // The lightest grey that passes on white, and the one after it (WebAIM).
    expect(contrast('#767676', '#ffffff')).toBeGreaterThan(4.5)
    expect(contrast('#ffffff', '#777777')).toBeLessThan(4.5)
    expect(contrast('#ff0000', '#ffffff')).toBeCloseTo(3.998, 2)
    expect(contrast('#ffffff', '#ff0000')).toBe(contrast('#ff0000', '#ffffff'))
  })

  test('names the pairs that are too faint, and no others', () => {
    const palette = {
      background: '#ffffff',
      surface: '#eeeeee',
      text: '#000000',
      muted: '#767676',
      accent: '#ff5c26',
      on_accent: '#ffffff',
    }
    expect(faint(palette).map(({ text, ground }) => [text, ground])).toEqual([
      ['muted', 'surface'],
      ['on_accent', 'accent'],
    ])
    expect(faint({ ...palette, surface: '#ffffff', on_accent: '#1a0d06' })).toEqual([])
    expect(faint({ ...palette, surface: 'red', on_accent: '#1a0d06' })).toEqual([])
  })

  test('is never rounded up to enough', () => {
    expect(told(4.4999)).toBe('4.49 : 1')
    expect(told(21)).toBe('21.00 : 1')
  })
})

test('a colour is six digits', () => {
  expect(['#1a2B3c', '#000000'].every(isColour)).toBe(true)
  expect(['red', '#12345', '#1234567', '#12345g', '#12345;', 'url(x)', ''].some(isColour)).toBe(false)
})
