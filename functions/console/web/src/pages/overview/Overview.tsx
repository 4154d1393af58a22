import { lazy, Suspense } from 'react'
import { Link } from 'wouter'

import type { Schemas } from '../../api/client'
import { useLive } from '../../api/live'
import { Loaded } from '../../ui/Loaded'
import { Page } from '../../ui/Page'
import { Panel } from '../../ui/Panel'
import { spelled, State } from '../../ui/State'
import { Table } from '../../ui/Table'
import { duration, Time } from '../../ui/Time'
import { Beginning } from '../tenants/Beginning'
import { dealtWith } from './dealt-with'
import { DaysTable } from './DaysTable'
import { NONE, percent } from './figures'
import './Overview.css'

// Drawing takes a library that nothing else does.
const Days = lazy(() => import('./Days'))

/** How a deployment fares: who there is, how it goes with making them, and what needs somebody. */
export default function Overview() {
  const overview = useLive('/v1/overview')
  return (
    <Page title="Overview">
      <Loaded query={overview}>
        {({ tenants, provisioning, failures_by_step, needs_a_person }) => (
          <>
            <Counts tenants={tenants} />
            <Needs needs={needs_a_person} />
            <Provisioning of={provisioning} />
            <Failures failures={failures_by_step} since={provisioning.since} />
          </>
        )}
      </Loaded>
    </Page>
  )
}

function Counts({ tenants }: { tenants: Schemas['Overview']['tenants'] }) {
  const counts = Object.entries(tenants) as [Schemas['TenantStatus'], number][]
  const all = counts.reduce((sum, [, count]) => sum + count, 0)
  return (
    <Panel title="Tenants" actions={<Link to="/tenants">All {all}</Link>}>
      {all === 0 ? (
        <p className="quiet">
          <Beginning />
        </p>
      ) : (
        <ul className="tenant-counts">
          {counts.map(([status, count]) => (
            <li key={status} className={count === 0 ? 'tenant-count none' : 'tenant-count'}>
              <Link to={`/tenants?status=${status}`}>
                <span className="tenant-count-figure">{count}</span>
                {count === 0 ? <span className="small">{spelled(status)}</span> : <State of={status} />}
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  )
}

function Needs({ needs }: { needs: Schemas['Overview']['needs_a_person'] }) {
  return (
    <Panel title="What needs a person" flush>
      <Table
        label="What needs a person"
        rows={needs}
        rowKey={need => `${need.what} ${need.id ?? need.tenant ?? ''}`}
        empty="Nothing: it all goes by itself."
        columns={[
          {
            head: 'What',
            cell: need => {
              const { place, label } = dealtWith(need)
              return (
                <Link to={place} className="nowrap">
                  {label}
                </Link>
              )
            },
          },
          {
            head: 'Tenant',
            cell: need =>
              need.tenant && <Link to={`/tenants/${need.tenant}`}>{need.name ?? need.tenant}</Link>,
          },
          { head: 'Why', cell: need => <span className="need-why">{need.detail}</span> },
          { head: 'Since', cell: need => <Time at={need.since} /> },
        ]}
      />
    </Panel>
  )
}

function Provisioning({ of }: { of: Schemas['Overview']['provisioning'] }) {
  const { succeeded, failed, success_rate, time_to_active_ms: took, days } = of
  const over = succeeded + failed
  return (
    <Panel title={`Provisioning, the last ${days.length} days`}>
      <dl className="overview-figures">
        <Figure
          name="Success rate"
          value={percent(success_rate)}
          detail={over === 0 ? 'none was made' : `${succeeded} of ${over}`}
        />
        <Figure name="Time to active, p50" value={took.p50 == null ? NONE : duration(took.p50)} />
        <Figure name="Time to active, p95" value={took.p95 == null ? NONE : duration(took.p95)} />
      </dl>
      {over > 0 && (
        <>
          <Suspense fallback={<div className="days-room loading" />}>
            <Days days={days} />
          </Suspense>
          <details className="days-table">
            <summary>The same as a table</summary>
            <DaysTable days={days} />
          </details>
        </>
      )}
    </Panel>
  )
}

function Figure({ name, value, detail }: { name: string; value: string; detail?: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <span className="overview-figure">{value}</span>{' '}
        {detail && <span className="quiet small">{detail}</span>}
      </dd>
    </div>
  )
}

interface FailuresProps {
  failures: Schemas['Overview']['failures_by_step']
  since: string
}

function Failures({ failures, since }: FailuresProps) {
  return (
    <Panel title="Failures by step" flush>
      <Table
        label="Failures by step"
        rows={failures}
        rowKey={failure => `${failure.blueprint} ${failure.step}`}
        empty={`No step has failed an operation since ${since}.`}
        columns={[
          { head: 'Step', cell: failure => <code>{failure.step}</code> },
          {
            head: 'Blueprint',
            cell: failure => (
              <Link to={`/tenants?status=failed&blueprint=${encodeURIComponent(failure.blueprint)}`}>
                {failure.blueprint}
              </Link>
            ),
          },
          { head: 'Failures', cell: failure => failure.count, number: true },
          { head: 'The last', cell: failure => <Time at={failure.last_at} /> },
        ]}
      />
    </Panel>
  )
}
