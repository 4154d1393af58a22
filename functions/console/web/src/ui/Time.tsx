import { useEffect, useState } from 'react'

const FULL = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })
const AGO = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'narrow' })

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
]

export function ago(at: Date, now: Date): string {
  const seconds = Math.round((at.getTime() - now.getTime()) / 1000)
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ['second', 1]
  return AGO.format(Math.trunc(seconds / size), unit)
}

/** Now, again every so many milliseconds. */
export function useNow(every = 1000): Date {
  const [now, tick] = useState(() => new Date())
  useEffect(() => {
    const timer = setInterval(() => tick(new Date()), every)
    return () => clearInterval(timer)
  }, [every])
  return now
}

/** A moment: how long ago or ahead, and when exactly on a closer look. */
export function Time({ at }: { at: string | null | undefined }) {
  const now = useNow(at && Math.abs(Date.now() - Date.parse(at)) < 60_000 ? 1000 : 30_000)
  if (!at) return null
  const when = new Date(at)
  return (
    <time dateTime={at} title={FULL.format(when)} className="nowrap">
      {ago(when, now)}
    </time>
  )
}

/** A length of time, from milliseconds: `850 ms`, `12.4 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ]
  const first = parts.findIndex(([count]) => count > 0)
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ')
}
