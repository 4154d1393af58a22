import type { Schemas } from './api/client'

/** Every status that a tenant can have, in the order of its life. */
export const STATUSES: readonly Schemas['TenantStatus'][] = [
  'pending_approval',
  'provisioning',
  'active',
  'suspended',
  'hibernating',
  'changing_plan',
  'cancelling',
  'deleting',
  'deleted',
  'failed',
  'stuck',
]
