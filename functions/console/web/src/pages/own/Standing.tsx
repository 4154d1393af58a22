import { useState } from 'react'
import { Link } from 'wouter'

import { useAct } from '../../api/act'
import { api, type Schemas } from '../../api/client'
import { useLive, useRead } from '../../api/live'
import { useMay } from '../../api/may'
import { Button } from '../../ui/Button'
import { Confirm } from '../../ui/Dialog'
import { Notice } from '../../ui/Notice'
import { Progress } from '../../ui/Progress'
import { tone } from '../../ui/State'
import { Time } from '../../ui/Time'
import { Restore } from './Restore'
import { WHY } from './why'
import { DOING, plainly, STEP } from './words'

type Tenant = Schemas['ShownTenant']

/** What there is to know before anything else: what is being done, what is waited for, what went wrong. */
export function Standing({ tenant }: { tenant: Tenant }) {
  const { status, grace } = tenant
  // One that is cancelled waits for its end by an operation of which nothing is to be seen before.
  const doing = status === 'cancelling' ? null : tenant.operation
  return (
    <>
      {doing && <Doing key={doing} tenant={tenant.id} operation={doing} />}
      {status === 'pending_approval' && (
        <Notice tone="wait" title="Thank you: we are looking at your sign-up">
          There is nothing for you to do. This page goes on by itself.
          {tenant.approve_by && (
            <>
              {' '}
              You hear from us <Time at={tenant.approve_by} /> at the latest.
            </>
          )}
        </Notice>
      )}
      {!doing && (status === 'failed' || status === 'stuck') && <Trouble tenant={tenant.id} />}
      {status === 'suspended' && !doing && (
        <Notice tone="wait" title="It is paused">
          Your visitors see that it is, and everything you have is kept. Ask us to open it again.
        </Notice>
      )}
      {status === 'hibernating' && !doing && <Asleep id={tenant.id} />}
      {tenant.access === 'read_only' && (
        <Notice tone="wait" title="Nothing can be changed in it at the moment">
          Everything can be seen. Usually a bill is open: once it is paid, this ends.
        </Notice>
      )}
      {grace && (
        <Notice tone="wait" title="You have cancelled">
          <p>
            Everything is kept until <Until at={grace.deletes_at} />, and deleted then. Until then you can
            change your mind.
          </p>
          <Restore tenant={tenant} />
        </Notice>
      )}
      {status === 'deleted' && (
        <Notice tone="wait" title="It is gone">
          {tenant.archive ? (
            <>
              What it held is kept until <Until at={tenant.archive.kept_until} />. Ask us if you want it back.
            </>
          ) : (
            'Nothing of it is left.'
          )}
        </Notice>
      )}
    </>
  )
}

const DAY = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long' })

/** A day that somebody has to remember, and how far away it is. */
export function Until({ at }: { at: string }) {
  return (
    <>
      {DAY.format(new Date(at))} (<Time at={at} />)
    </>
  )
}

/** The steps are worth showing where somebody waits for all of them. */
const SHOWS_STEPS: readonly Schemas['OperationKind'][] = ['provision', 'restore']

function Doing({ tenant, operation }: { tenant: string; operation: string }) {
  const { data } = useLive('/v1/tenants/{id}/operations/{operation}', { path: { id: tenant, operation } })
  const title = data ? DOING[data.kind] : 'Something is being done'
  const troubled = data?.steps.some(({ state, fault }) => state === 'running' && fault)
  return (
    <section className="doing" aria-labelledby="doing">
      <h2 id="doing">{title}</h2>
      {data && (
        <>
          <Progress label={title} percent={data.percent} />
          {data.state === 'compensating' && <p>It did not work, and is being taken back.</p>}
          {troubled && (
            <p>Something takes longer than usual. We try again by ourselves: you need not do anything.</p>
          )}
          {SHOWS_STEPS.includes(data.kind) && (
            <ol className="doing-steps">
              {data.steps.map(({ name, state }) => (
                <li key={name}>
                  {plainly(name)} <span className={`state ${tone(state)}`}>{STEP[state]}</span>
                </li>
              ))}
            </ol>
          )}
        </>
      )}
      <Link to={`/operations/${operation}`}>How long it will take, and more</Link>
    </section>
  )
}

/** Why it stands still. Whose turn it is, is said by what went wrong. */
function Trouble({ tenant }: { tenant: string }) {
  const { data } = useRead('/v1/tenants/{id}/operations', { path: { id: tenant } })
  const last = data?.operations.find(({ state }) => state === 'failed' || state === 'stuck')
  return last ? <Why tenant={tenant} operation={last.id} /> : <Ours />
}

function Why({ tenant, operation }: { tenant: string; operation: string }) {
  const { data } = useRead('/v1/tenants/{id}/operations/{operation}', { path: { id: tenant, operation } })
  const fault = data?.fault?.fault
  if (fault?.actor !== 'customer') return <Ours />
  return (
    <Notice tone="bad" title="We need something from you">
      <p>{fault.hint ?? fault.cause}</p>
      {fault.hint && <p>{fault.cause}</p>}
      <p>Tell us once that is done: we go on from there.</p>
    </Notice>
  )
}

function Ours() {
  return (
    <Notice tone="bad" title="Something went wrong on our side">
      We know of it and see to it. You need not do anything, and this page shows when it goes on.
    </Notice>
  )
}

function Asleep({ id }: { id: string }) {
  const may = useMay()
  const [asking, setAsking] = useState(false)
  const wake = useAct((reason: string, key) =>
    api.POST('/v1/tenants/{id}/wake', {
      params: { path: { id }, header: { 'Idempotency-Key': key } },
      body: { reason },
    }),
  )
  return (
    <Notice tone="wait" title="It is asleep">
      <p>Nobody has used it for a while. Everything you have is kept.</p>
      {may('POST /v1/tenants/{id}/wake') && (
        <div className="way-back">
          <Button onPress={() => setAsking(true)}>Wake it</Button>
        </div>
      )}
      {asking && (
        <Confirm
          open
          title="Wake it"
          verb="Wake it"
          why={WHY}
          onClose={() => setAsking(false)}
          isPending={wake.isPending}
          problem={wake.error}
          onConfirm={reason => wake.mutate(reason, { onSuccess: () => setAsking(false) })}
        >
          <p>It is open again in a few moments.</p>
        </Confirm>
      )}
    </Notice>
  )
}
