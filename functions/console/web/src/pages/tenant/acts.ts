import type { Schemas } from '../../api/client'
import type { Act } from '../../api/may'
import { STATUSES } from '../../statuses'

export type Tenant = Schemas['ShownTenant']
type Status = Schemas['TenantStatus']

/** What a tenant's blueprint says about what can be done. */
export type Product = Pick<Schemas['Blueprint'], 'hibernates' | 'version'> | undefined

interface Offer {
  label: string
  danger?: boolean
  asks: Act
  /** In which statuses, of a tenant to which nothing is being done. */
  of: readonly Status[]
  /** Whatever is being done to it. */
  anytime?: boolean
  when?: (tenant: Tenant, product: Product, now: Date) => boolean
}

const LIVING: readonly Status[] = ['active', 'suspended', 'hibernating']
const CHANGEABLE: readonly Status[] = ['active', 'hibernating']

const but = (...those: Status[]) => STATUSES.filter(status => !those.includes(status))
const free = (tenant: Tenant) => !tenant.hold && !tenant.deletion_lock

/** Everything that can be done to a tenant, as they are offered. What is possible when is the lifecycle's: the API refuses the rest. */
const OFFERS = {
  decide: { label: 'Approve or reject', asks: 'POST /v1/tenants/{id}/approve', of: ['pending_approval'] },
  retry: { label: 'Retry', asks: 'POST /v1/tenants/{id}/retry', of: ['failed', 'stuck'] },
  restore: {
    label: 'Restore',
    asks: 'POST /v1/tenants/{id}/restore',
    of: ['cancelling', 'deleted'],
    anytime: true,
    when: ({ status, archive }, _, now) =>
      status === 'cancelling' || (archive != null && new Date(archive.kept_until) > now),
  },
  resume: { label: 'Resume', asks: 'POST /v1/tenants/{id}/resume', of: ['suspended'] },
  wake: { label: 'Wake', asks: 'POST /v1/tenants/{id}/wake', of: ['hibernating'] },
  edit: { label: 'Edit', asks: 'PATCH /v1/tenants/{id}', of: CHANGEABLE },
  change_plan: { label: 'Change plan', asks: 'POST /v1/tenants/{id}/change-plan', of: CHANGEABLE },
  upgrade: {
    label: 'Change version',
    asks: 'POST /v1/tenants/{id}/upgrade',
    of: CHANGEABLE,
    when: (_, product) => (product?.version ?? 1) > 1,
  },
  check: { label: 'Check and mend', asks: 'POST /v1/tenants/{id}/check', of: ['active'] },
  make_read_only: {
    label: 'Make read-only',
    asks: 'POST /v1/tenants/{id}/access',
    of: CHANGEABLE,
    when: ({ access }) => access !== 'read_only',
  },
  give_access: {
    label: 'Give full access',
    asks: 'POST /v1/tenants/{id}/access',
    of: CHANGEABLE,
    when: ({ access }) => access === 'read_only',
  },
  hibernate: {
    label: 'Hibernate',
    asks: 'POST /v1/tenants/{id}/hibernate',
    of: ['active'],
    when: (_, product) => product?.hibernates === true,
  },
  suspend: { label: 'Suspend', asks: 'POST /v1/tenants/{id}/suspend', of: ['active', 'hibernating'] },
  lock: {
    label: 'Lock against deletion',
    asks: 'POST /v1/tenants/{id}/lock',
    of: but('cancelling', 'deleting', 'deleted'),
    anytime: true,
    when: ({ deletion_lock }) => !deletion_lock,
  },
  unlock: {
    label: 'Unlock',
    asks: 'POST /v1/tenants/{id}/unlock',
    of: STATUSES,
    anytime: true,
    when: ({ deletion_lock }) => deletion_lock != null,
  },
  hold: {
    label: 'Hold',
    asks: 'POST /v1/tenants/{id}/hold',
    of: but('deleting', 'deleted'),
    anytime: true,
    when: ({ hold }) => !hold,
  },
  release: {
    label: 'Release the hold',
    asks: 'POST /v1/tenants/{id}/release',
    of: STATUSES,
    anytime: true,
    when: ({ hold }) => hold != null,
  },
  delete: {
    label: 'Delete',
    danger: true,
    asks: 'DELETE /v1/tenants/{id}',
    of: ['pending_approval', ...LIVING, 'cancelling', 'failed', 'stuck'],
    // One that is cancelling waits for its end by an operation, which this one ends.
    anytime: true,
    when: tenant => free(tenant) && (!tenant.operation || tenant.status === 'cancelling'),
  },
  force_delete: {
    label: 'Force deletion',
    danger: true,
    asks: 'POST /v1/tenants/{id}/force-delete',
    of: but('deleted'),
    anytime: true,
    when: free,
  },
} as const satisfies Record<string, Offer>

export type ActId = keyof typeof OFFERS

export interface Offered {
  id: ActId
  label: string
  danger: boolean
}

/** What can be done to a tenant now by whoever may ask for that. */
export function offered(tenant: Tenant, product: Product, may: (act: Act) => boolean, now: Date): Offered[] {
  return (Object.entries(OFFERS) as [ActId, Offer][])
    .filter(([, offer]) => offer.of.includes(tenant.status))
    .filter(([, offer]) => offer.anytime || !tenant.operation)
    .filter(([, offer]) => offer.when?.(tenant, product, now) ?? true)
    .filter(([, offer]) => may(offer.asks))
    .map(([id, { label, danger }]) => ({ id, label, danger: danger ?? false }))
}

/** Whether it can be given days in which it is restored. What never lived is gone at once. */
export function hasGrace({ status }: Tenant): boolean {
  return LIVING.includes(status)
}

/** Days in which it is restored: what is usual, and what the API takes at most. */
export const GRACE = { usual: 30, most: 365 }
