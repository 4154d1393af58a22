import type { Schemas } from '../../api/client'
import { TEARDOWNS } from './eta'
import { stepsOf } from './layout'

type Operation = Schemas['Operation']

/** What the API's state machine lets be done, whoever asks. */
export interface Possible {
  retry: boolean
  cancel: boolean
  /** Steps that it can do without. */
  skip: string[]
}

interface Known {
  operation: Operation
  tenant: Schemas['Tenant'] | undefined
  /** What was done to the tenant, the newest first. */
  operations: readonly Schemas['OperationSummary'][]
  blueprint: Schemas['Blueprint'] | undefined
}

export function isOver(operation: Pick<Operation, 'state'>): boolean {
  return operation.state === 'succeeded' || operation.state === 'failed' || operation.state === 'stuck'
}

export function possible({ operation, tenant, operations, blueprint }: Known): Possible {
  if (isOver(operation)) {
    return { retry: canBeRetried(operation, tenant, operations), cancel: false, skip: [] }
  }
  const leaves = operation.kind === 'offboard' && !operation.offboarding?.archive
  const isTeardown = TEARDOWNS.includes(operation.kind)
  const stops = operation.state === 'compensating' || Boolean(operation.fault)
  return {
    retry: false,
    cancel: !isTeardown && !stops,
    skip: stops ? [] : leaves ? unsaved(operation) : isTeardown ? [] : optional(operation, blueprint),
  }
}

/** The tenant is what is tried again: its last operation is where that goes on from. A deletion is not wanted back. */
function canBeRetried(
  operation: Operation,
  tenant: Schemas['Tenant'] | undefined,
  operations: readonly Schemas['OperationSummary'][],
): boolean {
  const last = operations.find(({ kind }) => kind !== 'domain')
  return (
    (tenant?.status === 'failed' || tenant?.status === 'stuck') &&
    !tenant.operation &&
    last?.id === operation.id &&
    operation.kind !== 'delete' &&
    operation.kind !== 'offboard'
  )
}

function optional(operation: Operation, blueprint: Schemas['Blueprint'] | undefined): string[] {
  const drawn = stepsOf(operation.workflow)
  const still = (name: string) => {
    const state = operation.steps.find(step => step.name === name)?.state ?? 'waiting'
    return state === 'waiting' || state === 'running'
  }
  return (blueprint?.optional ?? []).filter(name => drawn.includes(name) && still(name))
}

/** What holds an offboarding up: it can do without the backup of any part. */
function unsaved(operation: Operation): string[] {
  return operation.offboarding?.tries ? operation.steps.map(step => step.name) : []
}
