import { useRead } from '../../api/live'
import { Loaded } from '../../ui/Loaded'
import { Panel } from '../../ui/Panel'
import { Table } from '../../ui/Table'
import { Time } from '../../ui/Time'

const MOST = 100

/** What billers said that nothing is done about: usually rightly so. */
export function Unknown() {
  const unknown = useRead('/v1/billing-events/unknown', { query: { limit: MOST } })
  return (
    <Panel title="Events that mean nothing here" flush>
      <Loaded query={unknown}>
        {({ events }) => (
          <>
            <Table
              label="Events that mean nothing here"
              rows={events}
              rowKey={event => event.id}
              empty="Billers have said nothing in the last month that is not acted on."
              columns={[
                { head: 'Event', cell: event => <code>{event.id}</code> },
                { head: 'What its biller calls it', cell: event => event.kind },
                { head: 'Heard', cell: event => <Time at={event.received_at} /> },
              ]}
            />
            {events.length === MOST && (
              <p className="billing-said quiet">There may be more than these {MOST}.</p>
            )}
          </>
        )}
      </Loaded>
    </Panel>
  )
}
