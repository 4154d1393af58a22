import { useEffect, useId, useRef, useState } from 'react'
import { AxisBottom, AxisLeft } from '@visx/axis'
import { scaleBand, scaleLinear } from '@visx/scale'
import { LinePath } from '@visx/shape'

import type { Schemas } from '../../api/client'
import { duration } from '../../ui/Time'
import { ceiling } from './figures'
import './Days.css'

type Day = Schemas['ProvisioningDay']

const HEIGHT = 190
const ROOM = { top: 8, right: 18, bottom: 24, left: 52 }

/** Two drawings of the same days: how many were made, and how long it took them. */
export default function Days({ days }: { days: Day[] }) {
  return (
    <div className="days">
      <Drawing
        title="Made each day"
        tells={`${sum(days, 'succeeded')} succeeded, ${sum(days, 'failed')} failed`}
        legend={[
          ['days-bar succeeded', 'succeeded'],
          ['days-bar failed', 'failed'],
        ]}
        days={days}
        highest={Math.max(...days.map(day => day.succeeded + day.failed))}
        spell={count => (Number.isInteger(count) ? String(count) : '')}
      >
        {(x, y) =>
          days.map(day => (
            <g key={day.day}>
              <title>{`${day.day}: ${day.succeeded} succeeded, ${day.failed} failed`}</title>
              <Bar
                of="succeeded"
                x={x(day.day) ?? 0}
                width={x.bandwidth()}
                from={y(0)}
                to={y(day.succeeded)}
              />
              <Bar
                of="failed"
                x={x(day.day) ?? 0}
                width={x.bandwidth()}
                from={y(day.succeeded)}
                to={y(day.succeeded + day.failed)}
              />
            </g>
          ))
        }
      </Drawing>
      <Drawing
        title="Time to active each day"
        tells="half of a day’s tenants took p50 at most, and all but five of a hundred p95"
        legend={[
          ['days-line p50', 'p50'],
          ['days-line p95', 'p95'],
        ]}
        days={days}
        highest={Math.max(...days.map(day => Math.max(day.p50 ?? 0, day.p95 ?? 0)))}
        spell={duration}
      >
        {(x, y) =>
          (['p95', 'p50'] as const).map(part => {
            const middle = (day: Day) => (x(day.day) ?? 0) + x.bandwidth() / 2
            return (
              <g key={part} className={`days-line ${part}`}>
                <LinePath
                  data={days}
                  x={middle}
                  y={day => y(day[part] ?? 0)}
                  defined={day => day[part] != null}
                />
                {days
                  .filter(day => day[part] != null)
                  .map(day => (
                    // A day between days without any has no line.
                    <circle key={day.day} cx={middle(day)} cy={y(day[part] ?? 0)} r={2.5}>
                      <title>{`${day.day}: ${part} ${duration(day[part] ?? 0)}`}</title>
                    </circle>
                  ))}
              </g>
            )
          })
        }
      </Drawing>
    </div>
  )
}

type Across = ReturnType<typeof scaleBand<string>>
type Up = (value: number) => number

interface DrawingProps {
  title: string
  /** The drawing in a sentence. */
  tells: string
  legend: readonly (readonly [className: string, label: string])[]
  days: Day[]
  highest: number
  spell: (value: number) => string
  children: (x: Across, y: Up) => React.ReactNode
}

function Drawing({ title, tells, legend, days, highest, spell, children }: DrawingProps) {
  const [frame, width] = useWidth()
  const id = useId()
  const x = scaleBand({
    domain: days.map(day => day.day),
    range: [ROOM.left, Math.max(width - ROOM.right, ROOM.left + 1)],
    padding: 0.25,
  })
  const y = scaleLinear({ domain: [0, ceiling(highest)], range: [HEIGHT - ROOM.bottom, ROOM.top] })
  const every = Math.ceil(days.length / Math.max(2, Math.floor(width / 90)))
  return (
    <figure className="days-drawing" ref={frame}>
      <figcaption>
        <h3 id={id}>{title}</h3>
        <ul className="days-legend" aria-hidden="true">
          {legend.map(([className, label]) => (
            <li key={label} className="small">
              <svg width="14" height="10" className={className}>
                {className.startsWith('days-bar') ? (
                  <rect className={className} width="10" height="10" rx="1" />
                ) : (
                  <path d="M0 5h14" />
                )}
              </svg>
              {label}
            </li>
          ))}
        </ul>
      </figcaption>
      {width > 0 && (
        <svg width={width} height={HEIGHT} role="img" aria-labelledby={id} aria-describedby={`${id}-tells`}>
          <desc id={`${id}-tells`}>{tells}</desc>
          <AxisLeft
            scale={y}
            left={ROOM.left}
            numTicks={3}
            hideAxisLine
            hideTicks
            tickFormat={value => spell(Number(value))}
            tickClassName="days-tick"
            tickLabelProps={{ className: 'days-tick-label', textAnchor: 'end', dx: -6, dy: 4, fontSize: 11 }}
          />
          {children(x, y)}
          <AxisBottom
            scale={x}
            top={HEIGHT - ROOM.bottom}
            axisClassName="days-axis"
            tickLength={3}
            tickValues={days.map(day => day.day).filter((_, at) => (days.length - 1 - at) % every === 0)}
            tickFormat={day => DAY.format(new Date(`${day}T00:00:00Z`))}
            tickClassName="days-tick"
            tickLabelProps={{ className: 'days-tick-label', textAnchor: 'middle', dy: 2, fontSize: 11 }}
          />
        </svg>
      )}
    </figure>
  )
}

const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })

interface BarProps {
  of: 'succeeded' | 'failed'
  x: number
  width: number
  from: number
  to: number
}

function Bar({ of, x, width, from, to }: BarProps) {
  if (from === to) return null
  return <rect className={`days-bar ${of}`} x={x} y={to} width={width} height={from - to} />
}

function sum(days: Day[], part: 'succeeded' | 'failed'): number {
  return days.reduce((sum, day) => sum + day[part], 0)
}

/** How wide something is, as that changes. */
function useWidth() {
  const ref = useRef<HTMLElement>(null)
  const [width, setWidth] = useState(0)
  useEffect(() => {
    const element = ref.current
    if (!element) return
    const looks = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)))
    looks.observe(element)
    return () => looks.disconnect()
  }, [])
  return [ref, width] as const
}
