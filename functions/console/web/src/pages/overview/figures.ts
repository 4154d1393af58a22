/** Where there is nothing to tell a figure of. */
export const NONE = '–'

const PERCENT = new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 1 })

export function percent(part: number | null | undefined): string {
  return part == null ? NONE : PERCENT.format(part)
}

/** A round number to end an axis with, no less than what is drawn: 1, 2 or 5 times a power of ten. */
export function ceiling(highest: number): number {
  if (highest <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(highest))
  const step = [1, 2, 5, 10].find(step => step * power >= highest) ?? 10
  return step * power
}
