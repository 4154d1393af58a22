import { useState } from 'react'
import { Link } from 'wouter'

import { useAct } from '../../api/act'
import { api, type Schemas } from '../../api/client'
import { useLive, useRead } from '../../api/live'
import { useMay } from '../../api/may'
import { Button } from '../../ui/Button'
import { Copy } from '../../ui/Copy'
import { Confirm, Dialog } from '../../ui/Dialog'
import { Facts } from '../../ui/Facts'
import { FaultNote } from '../../ui/Fault'
import { Field } from '../../ui/Field'
import { Loaded } from '../../ui/Loaded'
import { Refusal } from '../../ui/Notice'
import { Panel } from '../../ui/Panel'
import { spelled, State } from '../../ui/State'
import { Table } from '../../ui/Table'
import { Time } from '../../ui/Time'
import './Domains.css'

type Domain = Schemas['ShownDomain']

interface Props {
  tenant: Pick<Schemas['Tenant'], 'id' | 'status'>
  /** Whether its blueprint serves any, as far as that is known. */
  served?: boolean | undefined
}

export const SETTLED: readonly Schemas['DomainState'][] = ['active', 'failed']

/** Its own domains: how far each is, and what its holder has to publish. */
export function Domains({ tenant, served }: Props) {
  const may = useMay()
  const domains = useRead('/v1/tenants/{id}/domains', { path: { id: tenant.id } })
  const [adding, setAdding] = useState(false)
  const [removed, setRemoved] = useState<string | null>(null)
  const changes = tenant.status === 'active' && served !== false
  const moves = domains.data?.domains.some(domain => !SETTLED.includes(domain.state))
  return (
    <Panel
      title="Domains"
      actions={
        changes &&
        may('POST /v1/tenants/{id}/domains') && <Button onPress={() => setAdding(true)}>Add a domain</Button>
      }
    >
      {moves && <Watched id={tenant.id} />}
      <Loaded query={domains}>
        {({ domains }) =>
          domains.length === 0 ? (
            <p className="quiet">
              {served === false
                ? 'Tenants of its blueprint have no domain of their own.'
                : 'It has none of its own.'}
            </p>
          ) : (
            <ul className="domains">
              {domains.map(domain => (
                <li key={domain.hostname}>
                  <One
                    tenant={tenant.id}
                    domain={domain}
                    onRemove={
                      changes &&
                      domain.state !== 'removing' &&
                      may('DELETE /v1/tenants/{id}/domains/{hostname}')
                        ? () => setRemoved(domain.hostname)
                        : undefined
                    }
                  />
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
      {adding && <Add id={tenant.id} onClose={() => setAdding(false)} />}
      {removed && <Remove id={tenant.id} hostname={removed} onClose={() => setRemoved(null)} />}
    </Panel>
  )
}

/** Domains go their way beside the tenant: nothing of its record tells. */
export function Watched({ id }: { id: string }) {
  useLive('/v1/tenants/{id}/domains', { path: { id } })
  return null
}

interface OneProps {
  tenant: string
  domain: Domain
  onRemove: (() => void) | undefined
}

function One({ tenant, domain, onRemove }: OneProps) {
  const { hostname, records } = domain
  const settled = SETTLED.includes(domain.state)
  return (
    <>
      <div className="domain-head">
        <h3>
          {domain.state === 'active' ? (
            <a href={`https://${hostname}`} target="_blank" rel="noreferrer">
              {hostname}
            </a>
          ) : (
            hostname
          )}
        </h3>
        <State of={domain.state} />
        {onRemove && (
          <Button look="bare" aria-label={`Remove ${hostname}`} onPress={onRemove}>
            Remove
          </Button>
        )}
      </div>
      <Facts
        of={{
          DNS: <Aspect of={domain.dns} />,
          Name: <Aspect of={domain.name} />,
          Certificate: <Aspect of={domain.certificate} />,
          'Looked at': domain.looked_at && (
            <>
              <Time at={domain.looked_at} />
              {!settled && domain.next_look && (
                <>
                  , again <Time at={domain.next_look} />
                </>
              )}
            </>
          ),
          'Waited for': !settled && domain.until && (
            <>
              it is given up <Time at={domain.until} />
            </>
          ),
          Operation: domain.operation && (
            <Link to={`/tenants/${tenant}/operations/${domain.operation}`}>How far it is</Link>
          ),
        }}
      />
      {domain.fault && <FaultNote of={domain.fault} />}
      {records.length > 0 && domain.state !== 'active' && (
        <p className="small">Publish these records where the domain’s DNS is kept:</p>
      )}
      {records.length > 0 && <Records of={records} hostname={hostname} />}
    </>
  )
}

function Aspect({ of: { state, detail, since } }: { of: Schemas['Aspect'] }) {
  return (
    <>
      {spelled(state)}, <Time at={since} />
      {detail && <div className="quiet small">{detail}</div>}
    </>
  )
}

/** What is to be published, ready to be copied. */
export function Records({ of: records, hostname }: { of: Schemas['DnsRecord'][]; hostname: string }) {
  return (
    <div className="domain-records">
      <Table
        label={`DNS records of ${hostname}`}
        rows={records}
        rowKey={record => `${record.type} ${record.name} ${record.value}`}
        empty=""
        columns={[
          { head: 'Type', cell: record => <code>{record.type}</code> },
          {
            head: 'Name',
            cell: record => (
              <span className="domain-record">
                <code>{record.name}</code>
                <Copy text={record.name} what={`the name of the ${record.type} record`} />
              </span>
            ),
          },
          {
            head: 'Value',
            cell: record => (
              <span className="domain-record">
                <code>{record.value}</code>
                <Copy text={record.value} what={`the value of the ${record.type} record`} />
              </span>
            ),
          },
        ]}
      />
    </div>
  )
}

export function Add({ id, onClose }: { id: string; onClose: () => void }) {
  const [hostname, setHostname] = useState('')
  const [records, setRecords] = useState<Schemas['DnsRecord'][] | null>(null)
  const add = useAct((hostname: string, key) =>
    api.POST('/v1/tenants/{id}/domains', {
      params: { path: { id }, header: { 'Idempotency-Key': key } },
      body: { hostname },
    }),
  )
  if (records) {
    return (
      <Dialog title={`${hostname} is waited for`} open onClose={onClose} wide>
        <p>
          Publish this where the domain’s DNS is kept. It is looked for by itself, and the page follows it.
        </p>
        <Records of={records} hostname={hostname} />
        <div className="dialog-actions">
          <Button look="main" onPress={onClose} autoFocus>
            Close
          </Button>
        </div>
      </Dialog>
    )
  }
  return (
    <Dialog title="Add a domain" open onClose={onClose}>
      <form
        className="form"
        noValidate
        onSubmit={event => {
          event.preventDefault()
          const wanted = hostname.trim()
          if (!wanted || add.isPending) return
          add.mutate(wanted, {
            onSuccess: accepted => {
              setHostname(accepted.hostname)
              setRecords(accepted.records ?? [])
            },
          })
        }}
      >
        <Field
          label="Domain"
          hint="Not one of the platform’s. The record to publish is told next."
          placeholder="shop.example.com"
          value={hostname}
          onChange={setHostname}
          maxLength={253}
          autoComplete="off"
          autoFocus
          isRequired
          problem={add.error?.about('hostname')}
        />
        <Refusal of={add.error} />
        <div className="dialog-actions">
          <Button onPress={onClose}>Close</Button>
          <Button type="submit" look="main" isDisabled={!hostname.trim()} isPending={add.isPending}>
            Add
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

export function Remove({ id, hostname, onClose }: { id: string; hostname: string; onClose: () => void }) {
  const remove = useAct((reason: string, key) =>
    api.DELETE('/v1/tenants/{id}/domains/{hostname}', {
      params: { path: { id, hostname }, header: { 'Idempotency-Key': key } },
      body: { reason },
    }),
  )
  return (
    <Confirm
      title={`Remove ${hostname}`}
      verb="Remove"
      danger
      open
      onClose={onClose}
      isPending={remove.isPending}
      problem={remove.error}
      onConfirm={reason => remove.mutate(reason, { onSuccess: onClose })}
    >
      <p>Nobody is answered there any more. The other addresses stay.</p>
    </Confirm>
  )
}
