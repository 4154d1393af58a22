import { useRead } from '../../api/live'
import { FaultNote } from '../../ui/Fault'
import { Loaded } from '../../ui/Loaded'
import { Panel } from '../../ui/Panel'
import { State } from '../../ui/State'
import { Table } from '../../ui/Table'
import { Time } from '../../ui/Time'
import { Seen } from '../../ui/Seen'

/** How it is, part by part, as each was seen last. */
export function Health({ id }: { id: string }) {
  const health = useRead('/v1/tenants/{id}/health', { path: { id } })
  return (
    <Panel title="Health" actions={health.data && <State of={health.data.health} />} flush>
      <Loaded query={health}>
        {({ parts }) => (
          <Table
            label="Parts"
            rows={parts}
            rowKey={part => part.step}
            empty="It has no parts."
            columns={[
              { head: 'Part', cell: part => <code>{part.step}</code> },
              { head: 'Health', cell: part => <State of={part.health} /> },
              { head: 'Seen', cell: part => <Time at={part.seen_at} /> },
              {
                head: 'What was seen',
                cell: part => (
                  <div className={part.fault || part.seen ? 'tenant-seen' : undefined}>
                    {part.fault && <FaultNote of={part.fault} />}
                    {part.seen && (
                      <details>
                        <summary>
                          Details<span className="spoken"> of {part.step}</span>
                        </summary>
                        <Seen of={part.seen} />
                      </details>
                    )}
                  </div>
                ),
              },
            ]}
          />
        )}
      </Loaded>
    </Panel>
  )
}
