import { useLayoutEffect, useRef } from 'react'

import type { Schemas } from '../../api/client'
import { useRead } from '../../api/live'
import { FaultNote } from '../../ui/Fault'
import { Loaded } from '../../ui/Loaded'
import { duration } from '../../ui/Time'
import './Timeline.css'

const CLOCK = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' })

/** What happened in it, the oldest first. */
export function Timeline({ operation }: { operation: Schemas['Operation'] }) {
  const path = { id: operation.tenant, operation: operation.id }
  const log = useRead('/v1/tenants/{id}/operations/{operation}/log', { path })
  return <Loaded query={log}>{({ log }) => <Entries log={log} since={operation.accepted_at} />}</Loaded>
}

function Entries({ log, since }: { log: readonly Schemas['LogEntry'][]; since: string }) {
  const list = useRef<HTMLOListElement>(null)
  // Who reads further up is left there.
  const atEnd = useRef(true)
  useLayoutEffect(() => {
    if (atEnd.current && list.current) list.current.scrollTop = list.current.scrollHeight
  }, [log])
  return (
    <ol
      className="log"
      ref={list}
      tabIndex={0}
      aria-label="Log"
      onScroll={({ currentTarget: it }) => {
        atEnd.current = it.scrollHeight - it.scrollTop - it.clientHeight < 24
      }}
    >
      {log.map((entry, index) => (
        <li key={index}>
          <time dateTime={entry.at} title={CLOCK.format(new Date(entry.at))} className="number quiet">
            {duration(Math.max(0, Date.parse(entry.at) - Date.parse(since)))}
          </time>
          <div>
            {entry.step && <code>{entry.step} </code>}
            {entry.what}
            {entry.fault && <FaultNote of={entry.fault} />}
          </div>
        </li>
      ))}
    </ol>
  )
}
