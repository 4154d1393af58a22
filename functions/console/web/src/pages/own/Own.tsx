import type { Schemas } from '../../api/client'
import { useReadAgain } from '../../api/again'
import { useLive } from '../../api/live'
import { Loaded } from '../../ui/Loaded'
import { Page } from '../../ui/Page'
import { tone } from '../../ui/State'
import { Addresses } from './Addresses'
import { Leave } from './Leave'
import { OwnDomains } from './OwnDomains'
import { Plan } from './Plan'
import { Standing } from './Standing'
import { STATUS } from './words'
import './Own.css'

/** A tenant as its owner sees it: how it stands, where it answers, what it costs, and the way out. */
export default function Own({ id }: { id: string }) {
  const tenant = useLive('/v1/tenants/{id}', { path: { id } })
  useReadAgain(id, tenant.data)
  if (tenant.data) return <Known tenant={tenant.data} />
  return (
    <Page title="Your account">
      <Loaded query={tenant}>{() => null}</Loaded>
    </Page>
  )
}

function Known({ tenant }: { tenant: Schemas['ShownTenant'] }) {
  const { status } = tenant
  const lives = status !== 'deleted' && status !== 'deleting' && status !== 'pending_approval'
  return (
    <Page title={tenant.name} beside={<span className={`state ${tone(status)}`}>{STATUS[status]}</span>}>
      <Standing tenant={tenant} />
      {lives && (
        <>
          <Addresses tenant={tenant} />
          <Plan tenant={tenant} />
          <OwnDomains tenant={tenant} />
        </>
      )}
      <Leave tenant={tenant} />
    </Page>
  )
}
