import { useState } from 'react'
import type { UseQueryResult } from '@tanstack/react-query'

import { useAct } from '../../api/act'
import { api, type Schemas } from '../../api/client'
import { useMay } from '../../api/may'
import type { Problem } from '../../api/problem'
import { Button } from '../../ui/Button'
import { Confirm } from '../../ui/Dialog'
import { Loaded } from '../../ui/Loaded'
import { Notice } from '../../ui/Notice'
import { Panel } from '../../ui/Panel'
import { Table } from '../../ui/Table'

/** Events that could not be dealt with. They are looked at when somebody asks: a watch would ask their queue four times a second. */
export function Dead({ of: dead }: { of: UseQueryResult<Schemas['DeadEvents'], Problem> }) {
  const may = useMay()
  const [asking, setAsking] = useState(false)
  const replay = useAct((reason: string, key) =>
    api.POST('/v1/billing-events/dead/replay', {
      params: { header: { 'Idempotency-Key': key } },
      body: { reason },
    }),
  )
  const waiting = dead.data?.waiting ?? 0
  return (
    <Panel
      title="Dead events"
      flush
      actions={
        <>
          <Button onPress={() => void dead.refetch()} isPending={dead.isFetching}>
            Look again
          </Button>
          {may('POST /v1/billing-events/dead/replay') && (
            <Button look="main" isDisabled={waiting === 0} onPress={() => setAsking(true)}>
              Replay
            </Button>
          )}
        </>
      }
    >
      {replay.data && (
        <div className="billing-said">
          <Notice tone="good">
            {count(replay.data.replayed)} tried again. What cannot be dealt with this time either comes back
            here.
          </Notice>
        </div>
      )}
      <Loaded query={dead}>
        {({ waiting, events }) => (
          <>
            <p className="billing-said">
              {waiting === 0
                ? 'None waits: everything that billers said was dealt with.'
                : `About ${count(waiting)} waiting.${waiting > events.length ? ' Some of them:' : ''}`}
            </p>
            {events.length > 0 && (
              <Table
                label="Dead events"
                rows={events.map((event, at) => ({ ...event, at }))}
                rowKey={event => event.id ?? String(event.at)}
                empty=""
                columns={[
                  {
                    head: 'Event',
                    cell: event => (event.id ? <code>{event.id}</code> : 'cannot be read'),
                  },
                  { head: 'What its biller calls it', cell: event => event.kind ?? 'cannot be read' },
                ]}
              />
            )}
          </>
        )}
      </Loaded>
      {asking && (
        <Confirm
          open
          title="Replay the dead events"
          verb="Replay"
          onClose={() => setAsking(false)}
          isPending={replay.isPending}
          problem={replay.error}
          onConfirm={reason => replay.mutate(reason, { onSuccess: () => setAsking(false) })}
        >
          <p>
            They are dealt with as if they came now, a hundred at a time. What was dealt with meanwhile takes
            no effect a second time.
          </p>
        </Confirm>
      )}
    </Panel>
  )
}

function count(events: number): string {
  return events === 1 ? '1 event is' : `${events} events are`
}
