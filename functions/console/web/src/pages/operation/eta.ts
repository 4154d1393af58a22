import type { Schemas } from '../../api/client'

type Operation = Pick<Schemas['Operation'], 'kind' | 'state' | 'steps' | 'workflow' | 'offboarding'>
type Step = Schemas['StepProgress']
type Usual = Readonly<Record<string, number>>

/** What ends with everything destroyed. */
export const TEARDOWNS: readonly Schemas['OperationKind'][] = ['delete', 'offboard', 'repair']

/**
 * How many milliseconds are left, by what each step usually takes over the longest chain of those that are still to come. A step that
 * nobody has timed takes as long as the mean of those that somebody has; what is destroyed takes as long as making it did. `null`: nobody
 * knows.
 */
export function remaining(operation: Operation, usual: Usual, now: number): number | null {
  const { kind, state, steps, workflow } = operation
  const over = state === 'succeeded' || state === 'failed' || state === 'stuck'
  const waits = kind === 'offboard' && !operation.offboarding?.archive
  const known = Object.values(usual)
  if (over || waits || known.length === 0) return null
  const mean = known.reduce((sum, ms) => sum + ms, 0) / known.length
  const undoes = state === 'compensating' || TEARDOWNS.includes(kind)
  // A change is led back by another run over all its steps: how many of them are left is not told.
  if (state === 'compensating' && kind !== 'provision' && kind !== 'restore') return null
  const left = (name: string) => {
    const step = steps.find(step => step.name === name)
    const whole = usual[name] ?? mean
    return undoes ? toUndo(step, whole, now, state === 'compensating') : toDo(step, whole, now)
  }
  return longest(workflow, left)
}

function toDo(step: Step | undefined, whole: number, now: number): number {
  switch (step?.state) {
    case undefined:
    case 'waiting':
      return whole
    case 'running':
      return rest(whole, step.begun_at, now)
    default:
      return 0
  }
}

function toUndo(step: Step | undefined, whole: number, now: number, made: boolean): number {
  switch (step?.state) {
    case undefined:
    case 'undone':
    case 'skipped':
    case 'stuck':
      return 0
    case 'waiting':
      // Of what is made, one that has not begun by now never will. Of what is torn down, it is still there.
      return made ? 0 : whole
    case 'undoing':
      return rest(whole, step.changed_at, now)
    default:
      return whole
  }
}

/** One that takes longer than usual may end at any moment. */
function rest(whole: number, since: string | null | undefined, now: number): number {
  return since ? Math.max(0, whole - (now - Date.parse(since))) : whole
}

function longest(workflow: Schemas['Workflow'], cost: (step: string) => number): number {
  if ('step' in workflow) return cost(workflow.step)
  if ('sequence' in workflow) return workflow.sequence.reduce((sum, part) => sum + longest(part, cost), 0)
  return Math.max(0, ...workflow.parallel.map(part => longest(part, cost)))
}
