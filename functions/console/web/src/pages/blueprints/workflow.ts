import type { Schemas } from '../../api/client'

export type Workflow = Schemas['Workflow']

/** The names of the steps, in the order they are drawn. */
export function stepsOf(workflow: Workflow): string[] {
  if ('step' in workflow) return [workflow.step]
  return ('sequence' in workflow ? workflow.sequence : workflow.parallel).flatMap(stepsOf)
}

/** How long the longest chain of steps takes. One that nobody has timed counts for nothing. */
export function longest(workflow: Workflow, usual: Record<string, number>): number {
  if ('step' in workflow) return usual[workflow.step] ?? 0
  if ('sequence' in workflow) return workflow.sequence.reduce((sum, part) => sum + longest(part, usual), 0)
  return Math.max(0, ...workflow.parallel.map(part => longest(part, usual)))
}
