import { useState } from 'react'
import { Link } from 'wouter'

import { useReadAgain } from '../../api/again'
import { useLive, useRead } from '../../api/live'
import { useMay } from '../../api/may'
import { Actions } from '../../ui/Actions'
import { Loaded } from '../../ui/Loaded'
import { Notice } from '../../ui/Notice'
import { Page } from '../../ui/Page'
import { Panels } from '../../ui/Panel'
import { State } from '../../ui/State'
import { usePlace } from '../../place'
import { type ActId, offered, type Tenant as Shown } from './acts'
import { ActDialog } from './acts/ActDialog'
import { About } from './About'
import { Archive } from './Archive'
import { Audit } from './Audit'
import { Domains } from './Domains'
import { Endpoints } from './Endpoints'
import { Export } from './Export'
import { Health } from './Health'
import { Resources } from './Resources'
import { Standing } from './Standing'
import { Timeline } from './Timeline'
import './Tenant.css'

/** Nothing of it is there to be looked at. */
const WITHOUT_PARTS: readonly Shown['status'][] = ['pending_approval', 'deleted']

/** A tenant: what it is, how it is, what was done to it, and what can be. */
export default function Tenant({ id }: { id: string }) {
  const tenant = useLive('/v1/tenants/{id}', { path: { id } })
  useReadAgain(id, tenant.data)
  if (tenant.data) return <Known tenant={tenant.data} />
  return (
    <Page title={id}>
      {tenant.error?.status === 404 ? (
        <Notice tone="wait" title="There is no such tenant">
          <Link to={`/tenants?text=${encodeURIComponent(id)}`}>Look for it among all</Link>
        </Notice>
      ) : (
        <Loaded query={tenant}>{() => null}</Loaded>
      )}
    </Page>
  )
}

function Known({ tenant }: { tenant: Shown }) {
  const may = useMay()
  const blueprint = useRead('/v1/blueprints/{name}', { path: { name: tenant.blueprint.name } })
  const [, go] = usePlace()
  const [act, setAct] = useState<Exclude<ActId, 'decide'> | null>(null)
  const [asked, setAsked] = useState(false)
  const begin = (id: ActId) => (id === 'decide' ? go('/approvals') : setAct(id))
  const acts = offered(tenant, blueprint.data, may, new Date())
  return (
    <Page
      title={tenant.name}
      beside={
        <>
          <State of={tenant.status} />
          <code className="quiet">{tenant.id}</code>
        </>
      }
      actions={
        <>
          <Export id={tenant.id} />
          <Actions
            label="Actions"
            actions={acts.map(({ id, label, danger }) => ({ id, label, danger, onAction: () => begin(id) }))}
          />
        </>
      }
    >
      <Standing tenant={tenant} acts={acts} onAct={begin} asked={asked} />
      <Panels>
        <About tenant={tenant} />
        <div className="tenant-column">
          <Endpoints of={tenant.endpoints ?? {}} />
          <Domains
            tenant={tenant}
            served={blueprint.data ? blueprint.data.custom_domain != null : undefined}
          />
        </div>
      </Panels>
      <Resources of={tenant} />
      {!WITHOUT_PARTS.includes(tenant.status) && <Health id={tenant.id} />}
      <Timeline id={tenant.id} />
      <Archive tenant={tenant} />
      {may('GET /v1/tenants/{id}/audit') && <Audit id={tenant.id} />}
      {act && (
        <ActDialog
          act={act}
          tenant={tenant}
          blueprint={blueprint.data}
          onClose={() => setAct(null)}
          onDone={(waits = false) => {
            setAct(null)
            setAsked(waits)
          }}
        />
      )}
    </Page>
  )
}
