import { Fragment, type ReactNode } from 'react'
import { scaleUtc } from '@visx/scale'

import type { Schemas } from '../../api/client'
import { State, tone } from '../../ui/State'
import { duration } from '../../ui/Time'
import { isOver } from './possible'
import { roughly, took } from './told'
import '../../ui/Table.css'
import './Steps.css'

type Step = Schemas['StepProgress']

interface Props {
  operation: Schemas['Operation']
  now: number
  selected: string | null
  onSelect: (step: string | null) => void
  detail: (step: Step) => ReactNode
}

/** The steps one by one, and when each was at it (a Gantt chart, whose figures stand beside its bars). */
export function Steps({ operation, now, selected, onSelect, detail }: Props) {
  const { steps } = operation
  if (steps.length === 0) return <p className="table-empty quiet">There are no steps in it yet.</p>
  const start = Date.parse(operation.accepted_at)
  const ends = steps.map(step => (step.changed_at ? Date.parse(step.changed_at) : start))
  const end = Math.max(now, ...ends, start + 1000)
  // In seconds, minutes, hours and days since it was accepted: as a clock that began then.
  const scale = scaleUtc({ domain: [0, end - start], range: [0, 100], nice: 5 })
  const ticks = scale.ticks(4).map(Number)
  const at = (moment: number) => `${scale(moment - start)}%`
  const running = !isOver(operation)
  return (
    <div className="table-scroll" role="group" aria-label="Steps, one by one" tabIndex={0}>
      <table className="table steps">
        <thead>
          <tr>
            <th scope="col">Step</th>
            <th scope="col">State</th>
            <th scope="col" className="number">
              Attempts
            </th>
            <th scope="col" className="number">
              Began after
            </th>
            <th scope="col" className="number">
              Took
            </th>
            <th scope="col" className="number">
              In calls
            </th>
            <th className="gantt" aria-hidden="true">
              <div className="gantt-clock">
                {ticks.map(tick => (
                  <span key={tick} style={{ left: `${scale(tick)}%` }}>
                    {roughly(tick)}
                  </span>
                ))}
              </div>
            </th>
          </tr>
        </thead>
        <tbody>
          {steps.map(step => {
            const length = took(step, now)
            const open = selected === step.name
            return (
              <Fragment key={step.name}>
                <tr data-step={step.name} data-state={step.state}>
                  <th scope="row">
                    <button
                      type="button"
                      className="step-name"
                      aria-expanded={open}
                      onClick={() => onSelect(open ? null : step.name)}
                    >
                      {step.name}
                    </button>
                  </th>
                  <td>
                    <State of={step.state} />
                  </td>
                  <td className="number">{step.attempts || ''}</td>
                  <td className="number nowrap">
                    {step.begun_at && duration(Math.max(0, Date.parse(step.begun_at) - start))}
                  </td>
                  <td className="number nowrap">{length !== null && duration(length)}</td>
                  <td className="number nowrap">{step.busy_ms > 0 && duration(step.busy_ms)}</td>
                  <td className="gantt" aria-hidden="true">
                    <svg width="100%" height="30">
                      {ticks.map(tick => (
                        <line
                          key={tick}
                          className="gantt-tick"
                          x1={`${scale(tick)}%`}
                          x2={`${scale(tick)}%`}
                          y1="0"
                          y2="30"
                        />
                      ))}
                      {step.begun_at && length !== null && (
                        <Bar
                          from={scale(Date.parse(step.begun_at) - start)}
                          to={scale(Date.parse(step.begun_at) - start + length)}
                          busy={scale(Math.min(step.busy_ms, length)) - scale(0)}
                          tone={tone(step.state)}
                        />
                      )}
                      {running && <line className="gantt-now" x1={at(now)} x2={at(now)} y1="0" y2="30" />}
                    </svg>
                  </td>
                </tr>
                {open && (
                  <tr className="step-open">
                    <td colSpan={7}>{detail(step)}</td>
                  </tr>
                )}
              </Fragment>
            )
          })}
        </tbody>
      </table>
    </div>
  )
}

/** From its beginning to its end, and how much of that was in its provider's calls. In hundredths of the whole. */
function Bar({ from, to, busy, tone }: { from: number; to: number; busy: number; tone: string }) {
  return (
    <g className={`gantt-bar ${tone}`}>
      <rect x={`${from}%`} width={`${Math.max(0.3, to - from)}%`} y="9" height="12" rx="2" />
      <rect className="gantt-busy" x={`${from}%`} width={`${busy}%`} y="12" height="6" rx="1" />
    </g>
  )
}
