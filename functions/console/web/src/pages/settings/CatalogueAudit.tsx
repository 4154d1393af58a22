import { useRead } from '../../api/live'
import { Loaded } from '../../ui/Loaded'
import { Pager, usePages } from '../../ui/Pager'
import { Panel } from '../../ui/Panel'
import { Table } from '../../ui/Table'
import { Time } from '../../ui/Time'
import { changes } from '../tenant/changes'

const PART = 20

/** Who changed what is offered and whom it is told, the oldest first. */
export function CatalogueAudit() {
  const pages = usePages()
  const log = useRead('/v1/audit', { query: { limit: PART, ...(pages.after && { after: pages.after }) } })
  return (
    <Panel title="Audit log of the catalogue" flush>
      <Loaded query={log}>
        {({ audit, next }) => (
          <>
            <Table
              label="Audit log of the catalogue"
              rows={audit}
              rowKey={({ at, action, subject }) => `${at} ${action} ${subject ?? ''}`}
              empty="Nobody has changed it by hand."
              columns={[
                {
                  head: 'What',
                  cell: ({ action, subject }) => [action, subject].filter(Boolean).join(' '),
                },
                { head: 'Who', cell: entry => entry.who },
                { head: 'Why', cell: entry => <span className="wide-cell">{entry.why}</span> },
                {
                  head: 'What is different',
                  cell: ({ before, after }) => (
                    <details>
                      <summary>
                        {changes(before, after).length}{' '}
                        {changes(before, after).length === 1 ? 'thing' : 'things'}
                      </summary>
                      <ul>
                        {changes(before, after).map(({ what, from, to }) => (
                          <li key={what} className="small anywhere">
                            {what}: {from ?? 'none'} → {to ?? 'none'}
                          </li>
                        ))}
                      </ul>
                    </details>
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
