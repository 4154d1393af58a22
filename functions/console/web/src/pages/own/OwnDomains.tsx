import { useState } from 'react'

import type { Schemas } from '../../api/client'
import { useRead } from '../../api/live'
import { useMay } from '../../api/may'
import { Button } from '../../ui/Button'
import { Loaded } from '../../ui/Loaded'
import { Notice } from '../../ui/Notice'
import { Panel } from '../../ui/Panel'
import { Time } from '../../ui/Time'
import { Add, Records, Remove, SETTLED, Watched } from '../tenant/Domains'

type Domain = Schemas['ShownDomain']

const STATES: Record<Schemas['DomainState'], { tone: string; said: string }> = {
  waiting: { tone: 'wait', said: 'waiting for you' },
  pending: { tone: 'busy', said: 'being connected' },
  active: { tone: 'good', said: 'connected' },
  failed: { tone: 'bad', said: 'not connected' },
  removing: { tone: 'busy', said: 'being removed' },
}

const SEEN: Record<Schemas['AspectState'], { tone: string; said: string }> = {
  waiting: { tone: 'still', said: 'not yet' },
  right: { tone: 'good', said: 'done' },
  wrong: { tone: 'bad', said: 'not right yet' },
}

/** The owner's own domain: what to publish, and how far it is. */
export function OwnDomains({ tenant }: { tenant: Schemas['ShownTenant'] }) {
  const may = useMay()
  const { id, status } = tenant
  const offer = useRead('/v1/offers/{blueprint}', { path: { blueprint: tenant.blueprint.name } })
  const domains = useRead('/v1/tenants/{id}/domains', { path: { id } })
  const [adding, setAdding] = useState(false)
  const [removed, setRemoved] = useState<string | null>(null)
  const all = domains.data?.domains ?? []
  const served = offer.data?.custom_domain === true
  if (!served && all.length === 0) return null
  const adds = served && status === 'active' && may('POST /v1/tenants/{id}/domains')
  const removes = status === 'active' && may('DELETE /v1/tenants/{id}/domains/{hostname}')
  return (
    <Panel
      title="Your own domain"
      actions={adds && <Button onPress={() => setAdding(true)}>Add a domain</Button>}
    >
      {all.some(({ state }) => !SETTLED.includes(state)) && <Watched id={id} />}
      <Loaded query={domains}>
        {() =>
          all.length === 0 ? (
            <p className="quiet">
              You can have it answer at a domain that is yours, such as shop.example.com.
            </p>
          ) : (
            <ul className="own-domains">
              {all.map(domain => (
                <li key={domain.hostname}>
                  <One
                    domain={domain}
                    onRemove={
                      removes && domain.state !== 'removing' ? () => setRemoved(domain.hostname) : undefined
                    }
                  />
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
      {adding && <Add id={id} onClose={() => setAdding(false)} />}
      {removed && <Remove id={id} hostname={removed} onClose={() => setRemoved(null)} />}
    </Panel>
  )
}

function One({ domain, onRemove }: { domain: Domain; onRemove: (() => void) | undefined }) {
  const { hostname, state, records, fault } = domain
  const { tone, said } = STATES[state]
  const open = !SETTLED.includes(state)
  return (
    <>
      <div className="own-domain-head">
        <h3>
          {state === 'active' ? (
            <a href={`https://${hostname}`} target="_blank" rel="noreferrer">
              {hostname}
            </a>
          ) : (
            hostname
          )}
        </h3>
        <span className={`state ${tone}`}>{said}</span>
        {onRemove && (
          <Button look="bare" aria-label={`Remove ${hostname}`} onPress={onRemove}>
            Remove
          </Button>
        )}
      </div>
      {state !== 'active' && records.length > 0 && (
        <>
          <p>
            Add {records.length === 1 ? 'this record' : 'these records'} where you have the domain: your
            registrar’s page for its DNS. Then wait: it can take some hours until others see it.
          </p>
          <Records of={records} hostname={hostname} />
        </>
      )}
      {state !== 'removing' && (
        <ol className="own-domain-steps">
          <Step of={domain.dns}>Your domain leads to us</Step>
          <Step of={domain.name}>We answer to its name</Step>
          <Step of={domain.certificate}>Visitors have a secure connection</Step>
        </ol>
      )}
      {state !== 'active' && fault && (
        <Notice tone="wait" title={fault.hint ?? 'It does not lead to us yet'}>
          What we saw: {fault.cause}
        </Notice>
      )}
      {open && domain.looked_at && (
        <p className="quiet small">
          We looked <Time at={domain.looked_at} />
          {domain.next_look && (
            <>
              {' '}
              and look again <Time at={domain.next_look} />
            </>
          )}
          .
        </p>
      )}
    </>
  )
}

function Step({ of: { state }, children }: { of: Schemas['Aspect']; children: string }) {
  const { tone, said } = SEEN[state]
  return (
    <li>
      {children} <span className={`state ${tone}`}>{said}</span>
    </li>
  )
}
