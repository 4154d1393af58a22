import type { Schemas } from '../../api/client'
import { Table } from '../../ui/Table'
import { duration } from '../../ui/Time'
import { NONE } from './figures'

/** What the drawing shows, for those who would rather read it. The newest day first. */
export function DaysTable({ days }: { days: Schemas['ProvisioningDay'][] }) {
  return (
    <Table
      label="Provisioning by day"
      rows={days.toReversed().filter(day => day.succeeded + day.failed > 0)}
      rowKey={day => day.day}
      empty="None was made."
      columns={[
        { head: 'Day', cell: day => <time dateTime={day.day}>{day.day}</time> },
        { head: 'Succeeded', cell: day => day.succeeded, number: true },
        { head: 'Failed', cell: day => day.failed, number: true },
        { head: 'p50', cell: day => (day.p50 == null ? NONE : duration(day.p50)), number: true },
        { head: 'p95', cell: day => (day.p95 == null ? NONE : duration(day.p95)), number: true },
      ]}
    />
  )
}
