import './State.css'

import type { Schemas } from '../api/client'

type Tone = 'good' | 'busy' | 'wait' | 'bad' | 'still'

type Word =
  | Schemas['TenantStatus']
  | Schemas['OperationState']
  | Schemas['StepState']
  | Schemas['ResourceState']
  | Schemas['DomainState']
  | Schemas['HealthCondition']
  | Schemas['DeliveryState']
  | Schemas['SubscriptionState']

const TONES: Record<Word, Tone> = {
  pending_approval: 'wait',
  provisioning: 'busy',
  active: 'good',
  suspended: 'wait',
  hibernating: 'still',
  changing_plan: 'busy',
  cancelling: 'wait',
  deleting: 'busy',
  deleted: 'still',
  failed: 'bad',
  stuck: 'bad',
  accepted: 'busy',
  running: 'busy',
  compensating: 'wait',
  succeeded: 'good',
  waiting: 'still',
  done: 'good',
  undoing: 'wait',
  undone: 'still',
  skipped: 'still',
  intended: 'busy',
  live: 'good',
  destroying: 'busy',
  destroyed: 'still',
  resolved: 'still',
  pending: 'busy',
  removing: 'busy',
  healthy: 'good',
  unknown: 'still',
  unhealthy: 'bad',
  delivered: 'good',
  dead: 'bad',
  held: 'wait',
  incomplete: 'wait',
  trialing: 'good',
  past_due: 'wait',
  unpaid: 'bad',
  paused: 'wait',
  ended: 'still',
}

export function tone(word: Word): Tone {
  return TONES[word]
}

/** Words as people say them: `pending_approval` is "pending approval". */
export function spelled(word: string): string {
  return word.replaceAll('_', ' ')
}

/** A state, by its word and by its colour: never by the colour alone. */
export function State({ of }: { of: Word }) {
  return <span className={`state ${tone(of)}`}>{spelled(of)}</span>
}
