import { Link } from 'wouter'

import { useRead } from '../../api/live'
import { Loaded } from '../../ui/Loaded'
import { Pager, usePages } from '../../ui/Pager'
import { Panel } from '../../ui/Panel'
import { Table } from '../../ui/Table'
import { Time } from '../../ui/Time'
import { changes } from './changes'

const PART = 20

/** Who did what to it and why, the oldest first. */
export function Audit({ id }: { id: string }) {
  const pages = usePages()
  const query = { limit: PART, ...(pages.after && { after: pages.after }) }
  const log = useRead('/v1/tenants/{id}/audit', { path: { id }, query })
  return (
    <Panel title="Audit log" flush>
      <Loaded query={log}>
        {({ audit, next }) => (
          <>
            <Table
              label="Audit log"
              rows={audit}
              rowKey={entry => `${entry.at} ${entry.action} ${entry.operation ?? ''}`}
              empty="Nobody has done anything to it by hand."
              columns={[
                {
                  head: 'What',
                  cell: ({ action, operation }) =>
                    operation ? <Link to={`/tenants/${id}/operations/${operation}`}>{action}</Link> : action,
                },
                { head: 'Who', cell: entry => entry.who },
                { head: 'Why', cell: entry => <span className="tenant-words">{entry.why}</span> },
                {
                  head: 'What is different',
                  cell: ({ before, after }) => (
                    <ul>
                      {changes(before, after).map(({ what, from, to }) => (
                        <li key={what} className="small tenant-words">
                          {what}: {from ?? 'none'} → {to ?? 'none'}
                        </li>
                      ))}
                    </ul>
                  ),
                },
                { head: 'When', cell: entry => <Time at={entry.at} /> },
              ]}
            />
            <Pager label="Pages of the audit log" pages={pages} next={next} />
          </>
        )}
      </Loaded>
    </Panel>
  )
}
