import type { Schemas } from '../../api/client'
import { spelled } from '../../ui/State'

type EventType = Schemas['EventType']

/** A test is sent to whichever webhook is tested. */
type Told = Exclude<EventType, 'tenantry.webhook.test.v1'>

// The compiler sees to it that none is missing, and none more than the API has.
const TYPES: Record<Told, true> = {
  'tenantry.tenant.created.v1': true,
  'tenantry.tenant.approved.v1': true,
  'tenantry.tenant.activated.v1': true,
  'tenantry.tenant.failed.v1': true,
  'tenantry.tenant.retried.v1': true,
  'tenantry.tenant.suspended.v1': true,
  'tenantry.tenant.resumed.v1': true,
  'tenantry.tenant.hibernated.v1': true,
  'tenantry.tenant.woken.v1': true,
  'tenantry.tenant.changing.v1': true,
  'tenantry.tenant.changed.v1': true,
  'tenantry.tenant.plan_changed.v1': true,
  'tenantry.tenant.cancelled.v1': true,
  'tenantry.tenant.restored.v1': true,
  'tenantry.tenant.restoring.v1': true,
  'tenantry.tenant.deleting.v1': true,
  'tenantry.tenant.deleted.v1': true,
  'tenantry.tenant.stuck.v1': true,
  'tenantry.operation.accepted.v1': true,
  'tenantry.operation.succeeded.v1': true,
  'tenantry.operation.failed.v1': true,
  'tenantry.operation.stuck.v1': true,
  'tenantry.domain.requested.v1': true,
  'tenantry.domain.live.v1': true,
  'tenantry.domain.failed.v1': true,
  'tenantry.domain.removed.v1': true,
  'tenantry.subscription.voided.v1': true,
  'tenantry.webhook.disabled.v1': true,
}

/** What a webhook can be told. */
export const EVENT_TYPES = (Object.keys(TYPES) as Told[]).map(id => ({ id, label: shortly(id) }))

/** `tenantry.tenant.plan_changed.v1` is "tenant plan changed". */
export function shortly(type: string): string {
  return spelled(type.replace(/^tenantry\.|\.v1$/g, '').replace('.', ' '))
}
