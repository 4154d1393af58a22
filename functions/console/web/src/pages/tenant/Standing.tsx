import { Link } from 'wouter'

import { useLive, useRead } from '../../api/live'
import type { Schemas } from '../../api/client'
import { useMay } from '../../api/may'
import { Button } from '../../ui/Button'
import { FaultNote } from '../../ui/Fault'
import { Notice } from '../../ui/Notice'
import { Progress } from '../../ui/Progress'
import { spelled } from '../../ui/State'
import { Time } from '../../ui/Time'
import type { ActId, Offered, Tenant } from './acts'

interface Props {
  tenant: Tenant
  acts: readonly Offered[]
  onAct: (act: ActId) => void
  /** Somebody else has to approve what was just asked for. */
  asked: boolean
}

/** What is to be known of a tenant before anything else: what is being done to it, what it waits for, what went wrong. */
export function Standing({ tenant, acts, onAct, asked }: Props) {
  const may = useMay()
  const button = (id: ActId) => {
    const act = acts.find(act => act.id === id)
    return act && <Button onPress={() => onAct(id)}>{act.label}</Button>
  }
  const { grace, hold, deletion_lock, newer_version, blueprint } = tenant
  // One that is cancelling waits for its end by an operation of which nothing is to be seen before.
  const underWay = tenant.status === 'cancelling' ? null : tenant.operation
  return (
    <>
      {tenant.status === 'pending_approval' && (
        <Notice tone="wait" title="It waits for approval">
          {tenant.approve_by && (
            <p>
              It is turned down if nobody approves it: <Time at={tenant.approve_by} />.
            </p>
          )}
          <div className="tenant-beside">{button('decide')}</div>
        </Notice>
      )}
      {underWay && <UnderWay key={underWay} tenant={tenant.id} operation={underWay} />}
      {!tenant.operation && (tenant.status === 'failed' || tenant.status === 'stuck') && (
        <LastFault tenant={tenant}>{button('retry')}</LastFault>
      )}
      {grace && (
        <Notice tone="wait" title="It is cancelled">
          <p>
            It is archived and deleted <Time at={grace.deletes_at} />. Until then it can be restored, and is{' '}
            {spelled(grace.was)} again.
          </p>
          {tenant.operation && (
            <p>
              <Link to={`/tenants/${tenant.id}/operations/${tenant.operation}`}>How far it is</Link>
            </p>
          )}
          <div className="tenant-beside">{button('restore')}</div>
        </Notice>
      )}
      {hold && (
        <Guard title="It is held: nothing takes it away" of={hold}>
          <div className="tenant-beside">{button('release')}</div>
        </Guard>
      )}
      {deletion_lock && (
        <Guard title="It is locked against deletion" of={deletion_lock}>
          <div className="tenant-beside">{button('unlock')}</div>
        </Guard>
      )}
      {tenant.access === 'read_only' && (
        <Notice tone="wait" title="It is read-only">
          <p>Its product takes no changes.</p>
          <div className="tenant-beside">{button('give_access')}</div>
        </Notice>
      )}
      {newer_version != null && tenant.status !== 'deleted' && (
        <Notice tone="busy" title={`There is version ${newer_version} of ${blueprint.name}`}>
          <p>It is of version {blueprint.version}.</p>
          <div className="tenant-beside">{button('upgrade')}</div>
        </Notice>
      )}
      {may('GET /v1/change-requests') && <Wishes tenant={tenant.id} asked={asked} />}
    </>
  )
}

function UnderWay({ tenant, operation }: { tenant: string; operation: string }) {
  const { data } = useLive('/v1/tenants/{id}/operations/{operation}', { path: { id: tenant, operation } })
  const running = data?.steps.filter(step => step.state === 'running' || step.state === 'undoing') ?? []
  return (
    <Notice
      tone="busy"
      title={data ? `${spelled(data.kind)}: ${spelled(data.state)}` : 'Something is being done'}
    >
      {data && <Progress label={spelled(data.kind)} percent={data.percent} />}
      {running.length > 0 && <p className="small">{running.map(step => step.name).join(', ')}</p>}
      <p>
        <Link to={`/tenants/${tenant}/operations/${operation}`}>Watch it</Link>
      </p>
    </Notice>
  )
}

/** Why it stands still, by the last operation that could not go on. */
function LastFault({ tenant, children }: { tenant: Tenant; children: React.ReactNode }) {
  const { data } = useRead('/v1/tenants/{id}/operations', { path: { id: tenant.id } })
  const last = data?.operations.find(({ state }) => state === 'failed' || state === 'stuck')
  return (
    <Notice
      tone="bad"
      title={tenant.status === 'stuck' ? 'It is stuck: something would not go' : 'It failed'}
    >
      {last && <Why tenant={tenant.id} operation={last.id} />}
      <div className="tenant-beside">
        {last && <Link to={`/tenants/${tenant.id}/operations/${last.id}`}>How it went</Link>}
        {tenant.status === 'stuck' && <Link to="/repairs">Repair tasks</Link>}
        {children}
      </div>
    </Notice>
  )
}

function Why({ tenant, operation }: { tenant: string; operation: string }) {
  const { data } = useRead('/v1/tenants/{id}/operations/{operation}', { path: { id: tenant, operation } })
  if (!data?.fault) return null
  return (
    <div className="tenant-fault">
      <FaultNote of={data.fault.fault} step={data.fault.step} />
    </div>
  )
}

function Guard({ title, of, children }: { title: string; of: Schemas['Hold']; children: React.ReactNode }) {
  return (
    <Notice tone="wait" title={title}>
      <p>
        {of.who}, <Time at={of.since} />: {of.why}
      </p>
      {children}
    </Notice>
  )
}

/** What somebody wants done to it, and somebody else has to approve. */
function Wishes({ tenant, asked }: { tenant: string; asked: boolean }) {
  const { data } = useRead('/v1/change-requests', { query: { limit: 100 } })
  const its = data?.change_requests.filter(wish => wish.tenant === tenant) ?? []
  if (its.length === 0) {
    return asked ? (
      <Notice tone="wait" title="Somebody else has to approve it">
        <Link to="/approvals">What waits for approval</Link>
      </Notice>
    ) : null
  }
  return its.map(wish => (
    <Notice
      key={wish.id}
      tone="wait"
      title={`${'delete' in wish.wish ? 'A deletion' : 'A change of plan'} waits for somebody else’s approval`}
    >
      <p>
        {wish.who}, <Time at={wish.asked_at} />: {wish.why}
      </p>
      <Link to="/approvals">Approve or reject</Link>
    </Notice>
  ))
}
