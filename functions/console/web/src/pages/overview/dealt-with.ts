import type { Schemas } from '../../api/client'

type Need = Pick<Schemas['Overview']['needs_a_person'][number], 'what' | 'tenant'>

/** Where somebody deals with what needs a person, and what it is called on the way there. */
export function dealtWith({ what, tenant }: Need): { place: string; label: string } {
  const its = tenant ? `/tenants/${tenant}` : '/tenants'
  switch (what) {
    case 'approval':
      return { place: '/approvals', label: 'Approve a signup' }
    case 'change_request':
      return { place: '/approvals', label: 'Approve a change' }
    case 'repair_task':
      return { place: '/repairs', label: 'Repair' }
    case 'stuck':
      return { place: its, label: 'Stuck' }
    case 'failed':
      return { place: its, label: 'Retry or delete' }
    case 'dead_event':
      return { place: '/billing', label: 'Replay events' }
    case 'domain':
      return { place: its, label: 'Domain given up' }
  }
}
