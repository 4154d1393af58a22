import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from 'wouter'

import { type Schemas, api, settled } from '../../api/client'
import { keyOf, useLive, useRead } from '../../api/live'
import { useMay } from '../../api/may'
import type { Problem } from '../../api/problem'
import { Button } from '../../ui/Button'
import { FaultNote } from '../../ui/Fault'
import { Loaded } from '../../ui/Loaded'
import { Notice } from '../../ui/Notice'
import { Page } from '../../ui/Page'
import { Panel, Panels } from '../../ui/Panel'
import { State } from '../../ui/State'
import { Acts, Skip } from './Acts'
import { useTheirNow } from './clock'
import { Leaving } from './Leaving'
import { type Possible, possible } from './possible'
import { Standing, titleOf } from './Standing'
import { StepDetail } from './StepDetail'
import { Steps } from './Steps'
import { Timeline } from './Timeline'
import { useIsWide } from './wide'
import './Operation.css'

// The drawing is heavy, and no reader waits for it: the table says the same.
const Graph = lazy(() => import('./Graph'))

interface Props {
  tenant: string
  operation: string
}

/** One operation, live: how far it is, what stopped it, and what can be done about that. */
export default function Operation({ tenant, operation }: Props) {
  const live = useLive('/v1/tenants/{id}/operations/{operation}', { path: { id: tenant, operation } })
  useFollowed(tenant, operation, live.data)
  return (
    <Loaded query={live}>{operation => <Shown operation={operation} read={live.dataUpdatedAt} />}</Loaded>
  )
}

/** What else is on the page changes with the operation alone: that is what is watched. */
function useFollowed(id: string, name: string, operation: Schemas['Operation'] | undefined) {
  const client = useQueryClient()
  // The time that passes is no change.
  const said = operation && JSON.stringify({ ...operation, wall_ms: 0 })
  const last = useRef(said)
  useEffect(() => {
    const first = last.current === undefined
    last.current = said
    // What is read for the first time is read after it.
    if (first || said === undefined) return
    for (const key of [
      keyOf('/v1/tenants/{id}', { path: { id } }),
      keyOf('/v1/tenants/{id}/operations', { path: { id } }),
      keyOf('/v1/tenants/{id}/operations/{operation}/log', { path: { id, operation: name } }),
    ])
      void client.invalidateQueries({ queryKey: key })
  }, [client, id, name, said])
}

/** Not every reader may know what the tenant is made of. */
function useBlueprint(name: string | undefined) {
  const may = useMay()
  const path = { name: name ?? '' }
  return useQuery<Schemas['Blueprint'], Problem>({
    queryKey: keyOf('/v1/blueprints/{name}', { path }),
    queryFn: () => settled(api.GET('/v1/blueprints/{name}', { params: { path } })),
    enabled: name !== undefined && may('GET /v1/blueprints/{name}'),
  }).data
}

function Shown({ operation, read }: { operation: Schemas['Operation']; read: number }) {
  const path = { id: operation.tenant }
  const tenant = useRead('/v1/tenants/{id}', { path }).data
  const operations = useRead('/v1/tenants/{id}/operations', { path }).data?.operations ?? []
  const own = useRead('/v1/me').data?.role === 'tenant'
  const blueprint = useBlueprint(tenant?.blueprint.name)
  const can = possible({ operation, tenant, operations, blueprint })
  const now = useTheirNow(operation, read)
  const usual = blueprint?.usual_ms ?? {}
  // A domain's runs beside the others, and leads to none.
  const later = operations.filter(other => other.kind !== 'domain' && other.id > operation.id).at(-1)
  return (
    <Page
      title={`${titleOf(operation.kind)}${tenant ? `: ${tenant.name}` : ''}`}
      beside={<State of={operation.state} />}
      actions={<Acts operation={operation} tenant={tenant} can={can} />}
    >
      {operation.fault && (
        <section aria-label="Why it failed">
          <FaultNote of={operation.fault.fault} step={operation.fault.step} />
        </section>
      )}
      {later && (
        <Notice tone="wait">
          This is not the last word:{' '}
          <Link to={`${own ? '' : `/tenants/${operation.tenant}`}/operations/${later.id}`}>
            {titleOf(later.kind)}
          </Link>{' '}
          came after it, and {later.state === 'running' ? 'runs' : `is ${later.state}`}.
        </Notice>
      )}
      <Panels>
        <Standing operation={operation} tenant={tenant} usual={usual} now={now} own={own} />
        {operation.offboarding && <Leaving operation={operation} offboarding={operation.offboarding} />}
      </Panels>
      <Workflow operation={operation} usual={usual} now={now} can={can} />
      <Panel title="Log">
        <Timeline operation={operation} />
      </Panel>
    </Page>
  )
}

interface WorkflowProps {
  operation: Schemas['Operation']
  usual: Record<string, number>
  now: number
  can: Possible
}

/** The same steps twice: as they hang together, and as a table. More of one is shown where it was asked for. */
function Workflow({ operation, usual, now, can }: WorkflowProps) {
  const wide = useIsWide()
  const may = useMay()
  const [drawn, selectDrawn] = useState<string | null>(null)
  const [listed, selectListed] = useState<string | null>(null)
  const skips = may('POST /v1/tenants/{id}/operations/{operation}/skip')
  const detail = (step: Schemas['StepProgress']) => (
    <StepDetail
      step={step}
      usual={usual[step.name]}
      now={now}
      actions={skips && can.skip.includes(step.name) && <Skip operation={operation} step={step.name} />}
    />
  )
  const step = operation.steps.find(step => step.name === drawn)
  return (
    <>
      {wide && (
        <Panel title="Workflow" flush>
          <div className={step ? 'graph-and-step open' : 'graph-and-step'}>
            <Suspense fallback={<div className="graph" aria-busy="true" />}>
              <Graph operation={operation} now={now} selected={drawn} onSelect={selectDrawn} />
            </Suspense>
            {step && (
              <section className="graph-step" aria-labelledby="graph-step">
                <div className="graph-step-head">
                  <h3 id="graph-step" className="mono">
                    {step.name}
                  </h3>
                  <Button look="bare" onPress={() => selectDrawn(null)}>
                    Close
                  </Button>
                </div>
                {detail(step)}
              </section>
            )}
          </div>
        </Panel>
      )}
      <Panel title="Steps" flush>
        <Steps operation={operation} now={now} selected={listed} onSelect={selectListed} detail={detail} />
      </Panel>
    </>
  )
}
