import type { Schemas } from '../../api/client'

export type Palette = Schemas['Palette']

/** What is told apart by WCAG 2.2 (1.4.3): text and its ground. */
const LEAST = 4.5

/** The pairs that the storefront's pages combine; there are no others. */
const PAIRS: readonly [text: keyof Palette, ground: keyof Palette][] = [
  ['text', 'background'],
  ['text', 'surface'],
  ['muted', 'background'],
  ['muted', 'surface'],
  ['on_accent', 'accent'],
]

export interface Faint {
  text: keyof Palette
  ground: keyof Palette
  ratio: number
}

/** Whether it is a colour as a theme has one: `#rrggbb`. */
export function isColour(text: string): boolean {
  return /^#[0-9a-f]{6}$/i.test(text)
}

/** The relative luminance of a colour, 0 to 1 (WCAG 2.2, its glossary). */
export function luminance(colour: string): number {
  const [r, g, b] = [1, 3, 5].map(at => {
    const channel = parseInt(colour.slice(at, at + 2), 16) / 255
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

/** How far two colours are apart, 1 to 21. */
export function contrast(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}

/** The pairs of a palette that cannot be read well. What is no colour yet is left out. */
export function faint(palette: Palette): Faint[] {
  return PAIRS.filter(pair => pair.every(name => isColour(palette[name])))
    .map(([text, ground]) => ({ text, ground, ratio: contrast(palette[text], palette[ground]) }))
    .filter(({ ratio }) => ratio < LEAST)
}

/** A ratio in two digits behind the point, cut off: one that is too low never reads as enough. */
export function told(ratio: number): string {
  return `${(Math.floor(ratio * 100) / 100).toFixed(2)} : 1`
}
