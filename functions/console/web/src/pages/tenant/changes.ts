/** One thing that an act has made different. */
export interface Changed {
  what: string
  from: string | undefined
  to: string | undefined
}

/** What differs between how a thing was and how it is, as the audit log has both. */
export function changes(before: unknown, after: unknown): Changed[] {
  const [was, is] = [fields(before), fields(after)]
  return [...new Set([...Object.keys(was), ...Object.keys(is)])]
    .map(what => ({ what, from: spell(was[what]), to: spell(is[what]) }))
    .filter(({ from, to }) => from !== to)
}

function fields(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {}
}

function spell(value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
