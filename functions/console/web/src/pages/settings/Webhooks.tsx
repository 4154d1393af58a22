import { useState } from 'react'
import { Link } from 'wouter'

import { useRead } from '../../api/live'
import { useMay } from '../../api/may'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { Loaded } from '../../ui/Loaded'
import { Panel } from '../../ui/Panel'
import { Table } from '../../ui/Table'
import { shortly } from './event-types'
import { Listening } from './Listening'
import { Secret } from './Secret'
import type { Webhook } from './webhook'
import { WebhookForm } from './WebhookForm'

/** Who is told of what happens. */
export function Webhooks() {
  const may = useMay()
  const webhooks = useRead('/v1/webhooks')
  const [adding, setAdding] = useState(false)
  const [added, setAdded] = useState<Webhook | null>(null)
  return (
    <Panel
      title="Webhooks"
      flush
      actions={may('POST /v1/webhooks') && <Button onPress={() => setAdding(true)}>Add a webhook</Button>}
    >
      <Loaded query={webhooks}>
        {({ webhooks }) => (
          <Table
            label="Webhooks"
            rows={webhooks}
            rowKey={webhook => webhook.id}
            empty="Nobody is told: a webhook is an address that hears of each event."
            columns={[
              {
                head: 'Address',
                cell: webhook => (
                  <>
                    <Link to={`/settings?webhook=${webhook.id}`} className="wide-cell">
                      {webhook.url}
                    </Link>
                    {webhook.description && <div className="quiet small">{webhook.description}</div>}
                  </>
                ),
              },
              { head: 'State', cell: webhook => <Listening of={webhook} /> },
              {
                head: 'Is told',
                cell: ({ types }) => (types?.length ? types.map(shortly).join(', ') : 'everything'),
              },
              {
                head: 'Of',
                cell: ({ tenant }) =>
                  tenant ? <Link to={`/tenants/${tenant}`}>{tenant}</Link> : 'all tenants',
              },
            ]}
          />
        )}
      </Loaded>
      {adding && (
        <Dialog title="Add a webhook" open wide onClose={() => setAdding(false)}>
          <WebhookForm
            onClose={() => setAdding(false)}
            onSaved={webhook => {
              setAdding(false)
              setAdded(webhook)
            }}
          />
        </Dialog>
      )}
      {added && <Secret of={added} onClose={() => setAdded(null)} />}
    </Panel>
  )
}
