import { useEffect, useRef, useState } from 'react'
import { Link } from 'wouter'

import { useAct } from '../../api/act'
import { api, type Schemas } from '../../api/client'
import { useLive } from '../../api/live'
import { type Act, useMay } from '../../api/may'
import { Button } from '../../ui/Button'
import { Confirm } from '../../ui/Dialog'
import { FaultNote } from '../../ui/Fault'
import { Loaded } from '../../ui/Loaded'
import { Notice } from '../../ui/Notice'
import { Pager, usePages } from '../../ui/Pager'
import { Panel } from '../../ui/Panel'
import { Table } from '../../ui/Table'
import { Time } from '../../ui/Time'

type Task = Schemas['RepairTask']
type Way = 'retry' | 'resolve'

const WAYS = {
  retry: {
    verb: 'Retry',
    asks: 'POST /v1/repair-tasks/{id}/retry',
    follows: 'It is destroyed again now, instead of at its next try.',
  },
  resolve: {
    verb: 'Resolve',
    asks: 'POST /v1/repair-tasks/{id}/resolve',
    follows:
      'It is taken off the ledger by your word that it is gone, or no longer ours to destroy. Nobody looks for it again.',
  },
} as const satisfies Record<Way, { verb: string; asks: Act; follows: string }>

const OWNERS: Record<Schemas['Actor'], string> = {
  us: 'us',
  customer: 'the customer',
  provider: 'the provider',
}

/** Resources that would not go. The janitor tries each again by itself, less and less often. */
export function Tasks() {
  const may = useMay()
  const pages = usePages()
  const tasks = useLive('/v1/repair-tasks', { query: pages.after ? { after: pages.after } : {} })
  const [wish, setWish] = useState<{ way: Way; task: Task } | null>(null)
  const [begun, setBegun] = useState<Schemas['Accepted'] | null>(null)
  const said = useRef<HTMLDivElement>(null)
  // Its row goes soon, and with it the button that the dialog leads back to.
  useEffect(() => said.current?.focus(), [begun])
  const ways = (Object.keys(WAYS) as Way[]).filter(way => may(WAYS[way].asks))
  return (
    <Panel title="Resources that would not go" flush>
      {begun && (
        <div className="repairs-said" ref={said} tabIndex={-1}>
          <Notice tone="busy">
            It is being done.{' '}
            <Link to={`/tenants/${begun.tenant.id}/operations/${begun.operation}`}>Watch it</Link>
          </Notice>
        </div>
      )}
      <Loaded query={tasks}>
        {({ repair_tasks, next }) => (
          <>
            <Table
              label="Resources that would not go"
              rows={repair_tasks}
              rowKey={task => task.id}
              empty="None: everything that was to go has gone."
              columns={[
                {
                  head: 'Resource',
                  cell: task => (
                    <>
                      <code className="nowrap">{task.step}</code>
                      <div className="small">
                        <Link to={`/tenants/${task.tenant}`}>{task.tenant}</Link>
                      </div>
                    </>
                  ),
                },
                { head: 'Owner', cell: task => OWNERS[task.owner] },
                {
                  head: 'Why',
                  cell: task => (
                    <details className="repair-why">
                      <summary>{task.fault.cause}</summary>
                      <FaultNote of={task.fault} />
                      <Link to={`/tenants/${task.tenant}/operations/${task.operation}`}>
                        The operation that gave it up
                      </Link>
                    </details>
                  ),
                },
                { head: 'Since', cell: task => <Time at={task.since} /> },
                { head: 'Tries', cell: task => task.tries, number: true },
                { head: 'Next try', cell: task => <Time at={task.next_try} /> },
                ...(ways.length > 0
                  ? [
                      {
                        head: 'What to do',
                        cell: (task: Task) => (
                          <div className="repair-ways">
                            {ways.map(way => (
                              <Button
                                key={way}
                                aria-label={`${WAYS[way].verb} ${task.step} of ${task.tenant}`}
                                onPress={() => setWish({ way, task })}
                              >
                                {WAYS[way].verb}
                              </Button>
                            ))}
                          </div>
                        ),
                      },
                    ]
                  : []),
              ]}
            />
            <Pager label="Pages of the repair tasks" pages={pages} next={next} />
          </>
        )}
      </Loaded>
      {wish && (
        <Sure
          {...wish}
          onClose={() => setWish(null)}
          onDone={accepted => {
            setWish(null)
            setBegun(accepted)
          }}
        />
      )}
    </Panel>
  )
}

interface SureProps {
  way: Way
  task: Task
  onClose: () => void
  onDone: (accepted: Schemas['Accepted']) => void
}

function Sure({ way, task, onClose, onDone }: SureProps) {
  const { verb, follows } = WAYS[way]
  const act = useAct((reason: string, key) => {
    const params = { path: { id: task.id }, header: { 'Idempotency-Key': key } }
    const asked = { params, body: { reason } }
    return way === 'retry'
      ? api.POST('/v1/repair-tasks/{id}/retry', asked)
      : api.POST('/v1/repair-tasks/{id}/resolve', asked)
  })
  return (
    <Confirm
      open
      title={`${verb} ${task.step} of ${task.tenant}`}
      verb={verb}
      danger={way === 'resolve'}
      onClose={onClose}
      isPending={act.isPending}
      problem={act.error}
      onConfirm={reason => act.mutate(reason, { onSuccess: onDone })}
    >
      <p>{follows}</p>
      <FaultNote of={task.fault} />
    </Confirm>
  )
}
