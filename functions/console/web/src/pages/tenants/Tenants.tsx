import { useEffect, useEffectEvent, useRef, useState } from 'react'
import { Link, useSearchParams } from 'wouter'

import type { Schemas } from '../../api/client'
import { useLive, useRead } from '../../api/live'
import { STATUSES } from '../../statuses'
import { Choice, Field, type Option } from '../../ui/Field'
import { Loaded } from '../../ui/Loaded'
import { Page } from '../../ui/Page'
import { Pager, usePages } from '../../ui/Pager'
import { Panel } from '../../ui/Panel'
import { spelled, State } from '../../ui/State'
import { Table } from '../../ui/Table'
import { Time } from '../../ui/Time'
import { useRested } from '../../ui/useRested'
import { Beginning } from './Beginning'
import './Tenants.css'

const ANY: Option = { id: '', label: 'any' }

const KEYS = ['text', 'status', 'plan', 'blueprint', 'theme'] as const
type Filter = Partial<Record<(typeof KEYS)[number], string>>

/** All tenants: found by a word, sorted out by what they are. The address says how: it can be linked to, and gone back to. */
export default function Tenants() {
  const [asked, ask] = useSearchParams()
  const filter: Filter = Object.fromEntries(
    KEYS.map(key => [key, asked.get(key)]).filter(([, value]) => value),
  )
  const plans = useRead('/v1/plans')
  const blueprints = useRead('/v1/blueprints')
  const themes = useRead('/v1/themes')
  const put = (key: keyof Filter, value: string, replace = false) =>
    ask(
      old => {
        const wanted = new URLSearchParams(old)
        if (value) wanted.set(key, value)
        else wanted.delete(key)
        return wanted
      },
      { replace },
    )
  const choice = (label: string, key: keyof Filter, options: readonly Option[]) => (
    <Choice
      label={label}
      value={filter[key] ?? ''}
      onChange={value => put(key, value)}
      options={[ANY, ...options]}
    />
  )
  return (
    <Page title="Tenants">
      <Panel flush>
        <search className="tenant-filters">
          <Find text={filter.text ?? ''} onFind={text => put('text', text, true)} />
          {choice(
            'Status',
            'status',
            STATUSES.map(id => ({ id, label: spelled(id) })),
          )}
          {choice('Plan', 'plan', plans.data?.plans.map(({ id, name }) => ({ id, label: name })) ?? [])}
          {choice(
            'Blueprint',
            'blueprint',
            blueprints.data?.blueprints.map(({ name }) => ({ id: name, label: name })) ?? [],
          )}
          {choice('Theme', 'theme', themes.data?.themes.map(({ id, name }) => ({ id, label: name })) ?? [])}
        </search>
        {/* Another filter begins at the first page. */}
        <Found key={JSON.stringify(filter)} filter={filter} />
      </Panel>
    </Page>
  )
}

/** What is searched for, once the typing rests. */
function Find({ text, onFind }: { text: string; onFind: (text: string) => void }) {
  const [typed, type] = useState(text)
  const found = useRef(text)
  // Somebody went back, or followed a link.
  useEffect(() => {
    if (text === found.current) return
    found.current = text
    type(text)
  }, [text])
  const rested = useRested(typed.trim())
  const find = useEffectEvent(() => {
    if (rested === found.current || rested !== typed.trim()) return
    found.current = rested
    onFind(rested)
  })
  useEffect(() => find(), [rested])
  return (
    <Field
      label="Find"
      type="search"
      placeholder="name, id, domain or e-mail"
      maxLength={254}
      value={typed}
      onChange={type}
    />
  )
}

function Found({ filter }: { filter: Filter }) {
  const pages = usePages()
  const { status, ...others } = filter
  const query = {
    ...others,
    ...(status && { status: status as Schemas['TenantStatus'] }),
    ...(pages.after && { after: pages.after }),
  }
  const tenants = useLive('/v1/tenants', { query })
  return (
    <Loaded query={tenants}>
      {({ tenants, next }) => (
        <>
          <Table
            label="Tenants"
            rows={tenants}
            rowKey={tenant => tenant.id}
            empty={Object.keys(query).length > 0 ? 'No tenant is like that.' : <Beginning />}
            columns={[
              {
                head: 'Tenant',
                cell: tenant => (
                  <>
                    <Link to={`/tenants/${tenant.id}`}>{tenant.name}</Link>
                    <div className="quiet small">{tenant.subdomain}</div>
                  </>
                ),
              },
              {
                head: 'Status',
                cell: tenant => (
                  <>
                    <State of={tenant.status} />
                    {tenant.operation && (
                      <div className="small">
                        <Link to={`/tenants/${tenant.id}/operations/${tenant.operation}`}>
                          watch<span className="spoken"> what is done to {tenant.name}</span>
                        </Link>
                      </div>
                    )}
                  </>
                ),
              },
              { head: 'Plan', cell: tenant => tenant.plan },
              { head: 'Blueprint', cell: tenant => `${tenant.blueprint.name} v${tenant.blueprint.version}` },
              { head: 'Owner', cell: tenant => tenant.email },
              { head: 'Signed up', cell: tenant => <Time at={tenant.created_at} /> },
            ]}
          />
          <Pager label="Pages of the list" pages={pages} next={next} />
        </>
      )}
    </Loaded>
  )
}
