import { useState } from 'react'
import { Link } from 'wouter'

import { useAct } from '../../api/act'
import { api, type Schemas } from '../../api/client'
import { useRead } from '../../api/live'
import { type Act, useMay } from '../../api/may'
import { Editing } from '../../catalogue/Editing'
import { usePlace } from '../../place'
import { Actions } from '../../ui/Actions'
import { Button } from '../../ui/Button'
import { Confirm } from '../../ui/Dialog'
import { Facts } from '../../ui/Facts'
import { FaultNote } from '../../ui/Fault'
import { Loaded } from '../../ui/Loaded'
import { Page } from '../../ui/Page'
import { Panel } from '../../ui/Panel'
import { Time } from '../../ui/Time'
import { Deliveries } from './Deliveries'
import { shortly } from './event-types'
import { Listening } from './Listening'
import { OneDelivery } from './OneDelivery'
import { Rotate } from './Rotate'
import { Secret } from './Secret'
import { type Webhook, WEBHOOKS } from './webhook'
import { WebhookForm } from './WebhookForm'

const MAY = {
  edit: 'PATCH /v1/webhooks/{id}',
  rotate: 'POST /v1/webhooks/{id}/rotate-secret',
  remove: 'DELETE /v1/webhooks/{id}',
} as const satisfies Record<string, Act>

/** A webhook: what it is told, whether it listens, and what became of each delivery. */
export function OneWebhook({ id }: { id: string }) {
  const webhook = useRead('/v1/webhooks/{id}', { path: { id } })
  return (
    <Page
      title={webhook.data?.url ?? 'Webhook'}
      beside={webhook.data && <Listening of={webhook.data} />}
      actions={webhook.data && <Acts of={webhook.data} />}
    >
      <p>
        <Link to="/settings">All settings</Link>
      </p>
      <Loaded query={webhook}>
        {webhook => (
          <>
            <About of={webhook} />
            <Deliveries of={webhook} />
          </>
        )}
      </Loaded>
    </Page>
  )
}

function About({ of: webhook }: { of: Webhook }) {
  return (
    <Panel title="About">
      <Facts
        of={{
          Id: <code>{webhook.id}</code>,
          Description: webhook.description,
          'Is told': webhook.types?.length ? webhook.types.map(shortly).join(', ') : 'everything',
          Of: webhook.tenant ? (
            <Link to={`/tenants/${webhook.tenant}`}>{webhook.tenant}</Link>
          ) : (
            'all tenants'
          ),
          Added: <Time at={webhook.created_at} />,
          'Nothing gets through': webhook.failing_since && (
            <>
              since <Time at={webhook.failing_since} />
            </>
          ),
          'The former secret ends': webhook.former_secret_until && <Time at={webhook.former_secret_until} />,
        }}
      />
      {webhook.disabled && <FaultNote of={webhook.disabled.fault} />}
    </Panel>
  )
}

function Acts({ of: webhook }: { of: Webhook }) {
  const may = useMay()
  const [, go] = usePlace()
  const [act, setAct] = useState<keyof typeof MAY | null>(null)
  const [shown, setShown] = useState<Webhook | null>(null)
  const close = () => setAct(null)
  const offered = [
    { id: 'edit' as const, label: 'Edit' },
    { id: 'rotate' as const, label: 'Rotate the secret' },
    { id: 'remove' as const, label: 'Delete', danger: true },
  ].filter(({ id }) => may(MAY[id]))
  return (
    <>
      {may('POST /v1/webhooks/{id}/test') && <Test id={webhook.id} />}
      <Actions
        label="Actions"
        actions={offered.map(offer => ({ ...offer, onAction: () => setAct(offer.id) }))}
      />
      {act === 'edit' && (
        <Editing entries={WEBHOOKS} id={webhook.id} name="the webhook" onClose={close}>
          {(read, again) => <WebhookForm read={read} again={again} onClose={close} onSaved={close} />}
        </Editing>
      )}
      {act === 'rotate' && (
        <Rotate
          id={webhook.id}
          onClose={close}
          onRotated={rotated => {
            close()
            setShown(rotated)
          }}
        />
      )}
      {act === 'remove' && (
        <Remove of={webhook} onClose={close} onRemoved={() => go('/settings', { replace: true })} />
      )}
      {shown && <Secret of={shown} onClose={() => setShown(null)} />}
    </>
  )
}

/** Sends it an event that means nothing, and shows what becomes of that. */
function Test({ id }: { id: string }) {
  const [sent, setSent] = useState<Schemas['Delivery'] | null>(null)
  const [asking, setAsking] = useState(false)
  const test = useAct((reason: string, key) =>
    api.POST('/v1/webhooks/{id}/test', {
      params: { path: { id }, header: { 'Idempotency-Key': key } },
      body: { reason },
    }),
  )
  return (
    <>
      <Button onPress={() => setAsking(true)}>Test</Button>
      {asking && (
        <Confirm
          open
          title="Send a test"
          verb="Send"
          onClose={() => setAsking(false)}
          isPending={test.isPending}
          problem={test.error}
          onConfirm={reason =>
            test.mutate(reason, {
              onSuccess: delivery => {
                setAsking(false)
                setSent(delivery)
              },
            })
          }
        >
          <p>An event that means nothing is sent once, also to a webhook that is disabled.</p>
        </Confirm>
      )}
      {sent && <OneDelivery webhook={id} id={sent.id} onClose={() => setSent(null)} />}
    </>
  )
}

function Remove({
  of: webhook,
  onClose,
  onRemoved,
}: {
  of: Webhook
  onClose: () => void
  onRemoved: () => void
}) {
  const remove = useAct((reason: string, key) =>
    api.DELETE('/v1/webhooks/{id}', {
      params: { path: { id: webhook.id }, header: { 'Idempotency-Key': key } },
      body: { reason },
    }),
  )
  return (
    <Confirm
      open
      title="Delete the webhook"
      verb="Delete"
      danger
      onClose={onClose}
      isPending={remove.isPending}
      problem={remove.error}
      onConfirm={reason => remove.mutate(reason, { onSuccess: onRemoved })}
    >
      <p className="anywhere">{webhook.url} is told nothing more, and its secret is gone.</p>
    </Confirm>
  )
}
