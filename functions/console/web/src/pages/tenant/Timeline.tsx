import { Link } from 'wouter'

import { useRead } from '../../api/live'
import { Loaded } from '../../ui/Loaded'
import { Panel } from '../../ui/Panel'
import { spelled, State } from '../../ui/State'
import { Table } from '../../ui/Table'
import { duration, Time } from '../../ui/Time'

/** What was done to it, the newest first. */
export function Timeline({ id }: { id: string }) {
  const operations = useRead('/v1/tenants/{id}/operations', { path: { id } })
  return (
    <Panel title="Operations" flush>
      <Loaded query={operations}>
        {({ operations }) => (
          <Table
            label="Operations"
            rows={operations}
            rowKey={operation => operation.id}
            empty="Nothing was done to it yet."
            columns={[
              {
                head: 'Operation',
                cell: operation => (
                  <Link to={`/tenants/${id}/operations/${operation.id}`}>{spelled(operation.kind)}</Link>
                ),
              },
              { head: 'State', cell: operation => <State of={operation.state} /> },
              { head: 'Accepted', cell: operation => <Time at={operation.accepted_at} /> },
              {
                head: 'Took',
                cell: ({ accepted_at, ended_at }) =>
                  ended_at && duration(Date.parse(ended_at) - Date.parse(accepted_at)),
                number: true,
              },
            ]}
          />
        )}
      </Loaded>
    </Panel>
  )
}
