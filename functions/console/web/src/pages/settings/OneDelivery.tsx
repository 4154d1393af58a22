import { useState } from 'react'

import { useAct } from '../../api/act'
import { api } from '../../api/client'
import { useLive } from '../../api/live'
import { useMay } from '../../api/may'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { Facts } from '../../ui/Facts'
import { FaultNote } from '../../ui/Fault'
import { Field } from '../../ui/Field'
import { Loaded } from '../../ui/Loaded'
import { Refusal } from '../../ui/Notice'
import { State } from '../../ui/State'
import { Table } from '../../ui/Table'
import { duration, Time } from '../../ui/Time'
import { told } from './delivery'
import { shortly } from './event-types'

/** An event on its way to an endpoint, and what became of each visit. */
export function OneDelivery({ webhook, id, onClose }: { webhook: string; id: string; onClose: () => void }) {
  const may = useMay()
  const path = { id: webhook, delivery: id }
  const delivery = useLive('/v1/webhooks/{id}/deliveries/{delivery}', { path })
  return (
    <Dialog
      title={delivery.data ? shortly(told(delivery.data).type) : 'Delivery'}
      open
      wide
      onClose={onClose}
    >
      <Loaded query={delivery}>
        {delivery => (
          <>
            <Facts
              of={{
                State: <State of={delivery.state} />,
                'Tried again': delivery.next_at && <Time at={delivery.next_at} />,
                'Begun with': delivery.round > 1 && `${delivery.round} times`,
              }}
            />
            <div className="attempts">
              <Table
                label="Attempts"
                rows={delivery.attempts ?? []}
                rowKey={attempt => attempt.at}
                empty="Not tried yet."
                columns={[
                  { head: 'Attempt', cell: ({ at }) => <Time at={at} /> },
                  { head: 'Took', cell: ({ duration_ms }) => duration(duration_ms), number: true },
                  {
                    head: 'Answer',
                    cell: ({ status, answer, fault }) => (
                      <>
                        {status}
                        {answer && <pre className="answer">{answer}</pre>}
                        {fault && <FaultNote of={fault} />}
                      </>
                    ),
                  },
                ]}
              />
            </div>
            <details>
              <summary>The event, as it is sent</summary>
              <pre className="answer">{JSON.stringify(delivery.event, null, 2)}</pre>
            </details>
            {delivery.state !== 'waiting' && may('POST /v1/webhooks/{id}/deliveries/{delivery}/replay') && (
              <Again path={path} />
            )}
            <div className="dialog-actions">
              <Button onPress={onClose}>Close</Button>
            </div>
          </>
        )}
      </Loaded>
    </Dialog>
  )
}

function Again({ path }: { path: { id: string; delivery: string } }) {
  const [reason, setReason] = useState('')
  const replay = useAct((reason: string, key) =>
    api.POST('/v1/webhooks/{id}/deliveries/{delivery}/replay', {
      params: { path, header: { 'Idempotency-Key': key } },
      body: { reason },
    }),
  )
  return (
    <form
      className="again"
      noValidate
      onSubmit={event => {
        event.preventDefault()
        if (!replay.isPending) replay.mutate(reason.trim(), { onSuccess: () => setReason('') })
      }}
    >
      <Field
        label="Reason to send it again"
        value={reason}
        onChange={setReason}
        maxLength={500}
        problem={replay.error?.about('reason')}
      />
      <Button type="submit" isDisabled={!reason.trim()} isPending={replay.isPending}>
        Send it again
      </Button>
      <Refusal of={replay.error} />
    </form>
  )
}
