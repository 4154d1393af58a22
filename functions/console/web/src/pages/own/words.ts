import type { Schemas } from '../../api/client'

/** How a tenant stands, for its owner. */
export const STATUS: Record<Schemas['TenantStatus'], string> = {
  pending_approval: 'being looked at',
  provisioning: 'being set up',
  active: 'open',
  suspended: 'paused',
  hibernating: 'asleep',
  changing_plan: 'being changed',
  cancelling: 'cancelled',
  deleting: 'being taken down',
  deleted: 'gone',
  failed: 'waiting for us',
  stuck: 'waiting for us',
}

/** What is being done to it. */
export const DOING: Record<Schemas['OperationKind'], string> = {
  provision: 'We are setting everything up for you',
  restore: 'We are bringing everything back for you',
  suspend: 'It is being paused',
  resume: 'It is being opened again',
  hibernate: 'It is being put to sleep',
  wake: 'It is waking up',
  change_plan: 'Your change is being made',
  upgrade: 'It is getting a newer version',
  delete: 'It is being taken down',
  offboard: 'It is being taken down',
  repair: 'We are tidying up',
  domain: 'Your domain is being connected',
}

export const STEP: Record<Schemas['StepState'], string> = {
  waiting: 'to come',
  running: 'under way',
  done: 'done',
  failed: 'did not work',
  undoing: 'being taken back',
  undone: 'taken back',
  stuck: 'we are looking into it',
  skipped: 'left out',
}

/** A step without who does it: `merchant-publish-website` is "Publish website". */
export function plainly(step: string): string {
  const words = step.replace(/^(object-store|[a-z0-9]+)-/, '').replace(/^probe-/, 'check-')
  return capital(words.replaceAll('-', ' '))
}

/** `per_month` is "Per month". */
export function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1)
}
