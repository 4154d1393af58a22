import type { Schemas } from '../../api/client'
import { duration } from '../../ui/Time'

type Operation = Schemas['Operation']

/** Where the operation stands, and where that leads: every state but the last three ends by itself. */
export function told(operation: Operation): string {
  const { state, kind, on_failure, resources_left: left } = operation
  const parts = left === 1 ? 'One resource' : `${left} resources`
  switch (state) {
    case 'accepted':
      return 'It is accepted, and begins in a moment.'
    case 'running':
      return 'It runs. It ends as succeeded, failed or stuck.'
    case 'compensating':
      return kind === 'provision' || kind === 'restore'
        ? 'It was stopped, and what it made is being destroyed. It ends as failed, or as stuck if something will not go.'
        : 'It was stopped, and what it changed is being led back. It ends as failed, or as stuck if that fails too.'
    case 'succeeded':
      return 'It is over: it succeeded.'
    case 'failed':
      if (left > 0 && kind === 'provision' && on_failure === 'hold')
        return `It is over: it failed. ${parts} that it made ${left === 1 ? 'is' : 'are'} kept for a retry.`
      return left === 0 ? 'It is over: it failed. Nothing is left of it.' : 'It is over: it failed.'
    case 'stuck':
      return `It is over: something would not go. ${parts} ${left === 1 ? 'is' : 'are'} left for somebody to see to.`
  }
}

/** A length of time without more precision than it has. */
export function roughly(ms: number): string {
  const seconds = Math.round(ms / 1000)
  return seconds < 60 ? `${seconds} s` : duration(seconds * 1000)
}

/** How long a step has been at it, or took. */
export function took(step: Schemas['StepProgress'], now: number): number | null {
  if (!step.begun_at) return null
  const end = isAtIt(step) || !step.changed_at ? now : Date.parse(step.changed_at)
  return Math.max(0, end - Date.parse(step.begun_at))
}

export function isAtIt(step: Schemas['StepProgress']): boolean {
  return step.state === 'running' || step.state === 'undoing'
}
