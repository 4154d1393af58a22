import { useState } from 'react'
import { Link, useSearchParams } from 'wouter'

import type { Schemas } from '../../api/client'
import { useLive } from '../../api/live'
import { Button } from '../../ui/Button'
import { Facts } from '../../ui/Facts'
import { Field } from '../../ui/Field'
import { Loaded } from '../../ui/Loaded'
import { Notice } from '../../ui/Notice'
import { Panel } from '../../ui/Panel'
import { spelled, State } from '../../ui/State'
import { Table } from '../../ui/Table'
import { Time } from '../../ui/Time'
import { heard, newest } from './heard'

/** A subscription that is looked up by what its biller calls it. The address says which: it can be linked to. */
export function Subscription() {
  const [asked, ask] = useSearchParams()
  const id = asked.get('subscription') ?? ''
  return (
    <Panel title="Look up a subscription">
      <div className="subscription">
        <LookUp key={id} id={id} onAsk={subscription => ask(subscription ? { subscription } : {})} />
        {id && <Found key={id} id={id} />}
      </div>
    </Panel>
  )
}

function LookUp({ id, onAsk }: { id: string; onAsk: (id: string) => void }) {
  const [typed, type] = useState(id)
  return (
    <search>
      <form
        className="look-up"
        onSubmit={event => {
          event.preventDefault()
          onAsk(typed.trim())
        }}
      >
        <Field
          label="Subscription"
          placeholder="sub_…"
          value={typed}
          onChange={type}
          autoComplete="off"
          maxLength={200}
        />
        <Button type="submit">Look up</Button>
      </form>
    </search>
  )
}

function Found({ id }: { id: string }) {
  const account = useLive('/v1/subscriptions/{id}', { path: { id } })
  if (account.error?.status === 404) {
    return <Notice tone="wait">Nothing was heard of a subscription {id}.</Notice>
  }
  return <Loaded query={account}>{account => <Account of={account} />}</Loaded>
}

function Account({ of: account }: { of: Schemas['Account'] }) {
  const { subscription, ordered, voided, refused, told, tenant } = account
  const { customer, terms, bought } = subscription
  const plan = newest(bought)
  return (
    <div className="account">
      <h3>
        <code>{subscription.id}</code>
      </h3>
      {voided && (
        <Notice tone="wait" title="It came to nothing">
          {voided.why} (<Time at={voided.at} />)
        </Notice>
      )}
      {refused && (
        <Notice tone="bad" title="What it stands for was not done">
          {refused}
        </Notice>
      )}
      <Facts
        of={{
          Tenant: tenant ? <Link to={`/tenants/${tenant}`}>{tenant}</Link> : 'none yet',
          'By its biller': terms && <State of={terms.what.state} />,
          Customer: customer && `${customer.what.name}, ${customer.what.email}`,
          'Plan bought': plan?.names.join(', '),
          'Paid until': plan?.paid_until && <Time at={plan.paid_until} />,
          'Trial ends': terms?.what.trial_ends_at && <Time at={terms.what.trial_ends_at} />,
          'It ends': terms?.what.cancel_at && <Time at={terms.what.cancel_at} />,
          'Ordered because of it': orders(ordered),
          'Its customer was told': told?.length
            ? told.map(({ subject, of }) => (
                <div key={`${subject} ${of}`}>
                  {spelled(subject)}, <Time at={of} />
                </div>
              ))
            : undefined,
          Charged: account.charged ? 'yes' : 'no: there is nothing to be charged for',
          'Events heard':
            account.late > 0 ? `${account.heard}, ${account.late} of them too late` : account.heard,
          'Looked at next': account.due && <Time at={account.due} />,
        }}
      />
      <Table
        label="What was heard of it"
        rows={heard(subscription)}
        rowKey={({ at, what, event }) => `${at} ${what} ${event ?? ''}`}
        empty="Nothing of it stands."
        columns={[
          { head: 'Said', cell: ({ at }) => <Time at={at} /> },
          { head: 'What', cell: ({ what }) => what },
          { head: 'In detail', cell: ({ detail }) => detail },
          { head: 'Event', cell: ({ event }) => event && <code>{event}</code> },
        ]}
      />
    </div>
  )
}

function orders(ordered: Schemas['OrderedByBilling'] | undefined): string {
  const { plan, read_only, suspended, offboarded } = ordered ?? {}
  const all = [
    plan && `plan ${plan}`,
    read_only && 'read-only',
    suspended && 'suspended',
    offboarded && 'seen out',
  ]
  return all.filter(Boolean).join(', ') || 'nothing'
}
