import { useMemo, useState } from 'react'

import { useAct } from '../../api/act'
import { api, type Schemas } from '../../api/client'
import { useLive } from '../../api/live'
import { useMay } from '../../api/may'
import { Button } from '../../ui/Button'
import { Check } from '../../ui/Check'
import { Confirm } from '../../ui/Dialog'
import { Choice } from '../../ui/Field'
import { Loaded } from '../../ui/Loaded'
import { Notice } from '../../ui/Notice'
import { Pager, usePages } from '../../ui/Pager'
import { Panel } from '../../ui/Panel'
import { State } from '../../ui/State'
import { Table } from '../../ui/Table'
import { Time } from '../../ui/Time'
import { told } from './delivery'
import { shortly } from './event-types'
import { OneDelivery } from './OneDelivery'
import type { Webhook } from './webhook'

const HOUR = 3_600_000

const WINDOWS = [
  { id: String(HOUR), label: 'the last hour' },
  { id: String(24 * HOUR), label: 'the last day' },
  { id: String(7 * 24 * HOUR), label: 'the last week' },
  { id: String(30 * 24 * HOUR), label: 'the last 30 days' },
]

/** What a webhook was sent, and what became of it. */
export function Deliveries({ of: webhook }: { of: Webhook }) {
  const may = useMay()
  const [length, setLength] = useState(WINDOWS[1]!.id)
  const since = useMemo(() => new Date(Date.now() - Number(length)).toISOString(), [length])
  const [replaying, setReplaying] = useState(false)
  return (
    <Panel
      title="Deliveries"
      flush
      actions={
        webhook.enabled &&
        may('POST /v1/webhooks/{id}/replay') && (
          <Button onPress={() => setReplaying(true)}>Replay what was missed</Button>
        )
      }
    >
      <div className="of-when">
        <Choice label="Events of" value={length} onChange={setLength} options={WINDOWS} />
      </div>
      <Sent key={since} webhook={webhook.id} since={since} />
      {replaying && <Replay webhook={webhook.id} since={since} onClose={() => setReplaying(false)} />}
    </Panel>
  )
}

function Sent({ webhook, since }: { webhook: string; since: string }) {
  const pages = usePages()
  const [shown, show] = useState<string | null>(null)
  const deliveries = useLive('/v1/webhooks/{id}/deliveries', {
    path: { id: webhook },
    query: pages.after ? { after: pages.after } : { since },
  })
  return (
    <Loaded query={deliveries}>
      {({ deliveries, next }) => (
        <>
          <Table
            label="Deliveries"
            rows={deliveries}
            rowKey={delivery => delivery.id}
            empty="It was sent nothing in that time."
            columns={[
              {
                head: 'Event',
                cell: delivery => (
                  <Button
                    look="bare"
                    aria-label={`${shortly(told(delivery).type)}, ${delivery.state}: show`}
                    onPress={() => show(delivery.id)}
                  >
                    {shortly(told(delivery).type)}
                  </Button>
                ),
              },
              { head: 'Of', cell: delivery => told(delivery).tenant },
              { head: 'State', cell: ({ state }) => <State of={state} /> },
              { head: 'When', cell: delivery => <Time at={told(delivery).time} /> },
              { head: 'Tries', cell: ({ tries }) => tries, number: true },
              {
                head: 'Last answer',
                cell: ({ attempts }) => attempts?.[0] && (attempts[0].status ?? attempts[0].fault?.cause),
              },
              { head: 'Tried again', cell: ({ next_at }) => <Time at={next_at} /> },
            ]}
          />
          <Pager label="Pages of the deliveries" pages={pages} next={next} />
          {shown && <OneDelivery webhook={webhook} id={shown} onClose={() => show(null)} />}
        </>
      )}
    </Loaded>
  )
}

/** Sends again what an endpoint has missed. There may be more than one request replays. */
function Replay({ webhook, since, onClose }: { webhook: string; since: string; onClose: () => void }) {
  const [all, setAll] = useState(false)
  const [replayed, setReplayed] = useState(0)
  const replay = useAct((body: Schemas['DeliveriesReplay'], key) =>
    api.POST('/v1/webhooks/{id}/replay', {
      params: { path: { id: webhook }, header: { 'Idempotency-Key': key } },
      body,
    }),
  )
  const next = replay.data?.next
  return (
    <Confirm
      open
      title="Replay what was missed"
      verb={next ? 'Go on' : 'Replay'}
      onClose={onClose}
      isPending={replay.isPending}
      problem={replay.error}
      isReady={!replay.data || Boolean(next)}
      onConfirm={reason =>
        replay.mutate(
          { since, all, reason, ...(next && { after: next }) },
          { onSuccess: part => setReplayed(before => before + part.replayed) },
        )
      }
    >
      <p>
        Events since <Time at={since} /> that it did not take are sent again, as they were the first time.
      </p>
      <Check label="Also those that it took" isSelected={all} onChange={setAll} />
      {replay.data && (
        <Notice tone={next ? 'wait' : 'good'}>
          {replayed} on their way.{next ? ' There are more.' : ' That was all.'}
        </Notice>
      )}
    </Confirm>
  )
}
