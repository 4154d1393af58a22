import { FaultNote } from '../../ui/Fault'
import { Panel } from '../../ui/Panel'
import { State } from '../../ui/State'
import { Table } from '../../ui/Table'
import type { Tenant } from './acts'
import { Seen } from '../../ui/Seen'

/** What the ledger has of it that is not as it should be: what is left of one that failed, or an optional part of one that lives. */
export function Resources({ of: tenant }: { of: Tenant }) {
  const resources = tenant.resources ?? []
  if (resources.length === 0) return null
  return (
    <Panel title={tenant.status === 'active' ? 'What is not as it should be' : 'What is left of it'} flush>
      <Table
        label="Resources"
        rows={resources}
        rowKey={resource => `${resource.step} ${JSON.stringify(resource.handle)}`}
        empty=""
        columns={[
          { head: 'Step', cell: resource => <code>{resource.step}</code> },
          { head: 'State', cell: resource => <State of={resource.state} /> },
          {
            head: 'What it is found by',
            cell: resource => (
              <div className="tenant-seen">
                <Seen of={resource.handle} />
              </div>
            ),
          },
          {
            head: 'Why',
            cell: resource =>
              resource.fault && (
                <div className="tenant-seen">
                  <FaultNote of={resource.fault} />
                </div>
              ),
          },
        ]}
      />
    </Panel>
  )
}
