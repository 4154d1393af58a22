import { useState } from 'react'

import { type Schemas, api } from '../../api/client'
import { useAct } from '../../api/act'
import { useMay } from '../../api/may'
import { usePlace } from '../../place'
import { Button } from '../../ui/Button'
import { Confirm } from '../../ui/Dialog'
import type { Possible } from './possible'
import { EditedRetry } from './EditedRetry'

interface Props {
  operation: Schemas['Operation']
  tenant: Schemas['Tenant'] | undefined
  can: Possible
}

type Asked = 'retry' | 'start' | 'edit' | 'cancel'

/** What can be done about the whole operation now, by whoever may. */
export function Acts({ operation, tenant, can }: Props) {
  const may = useMay()
  const [asked, ask] = useState<Asked | null>(null)
  const close = () => ask(null)
  const retries = can.retry && may('POST /v1/tenants/{id}/retry')
  const cancels = can.cancel && may('POST /v1/tenants/{id}/operations/{operation}/cancel')
  return (
    <>
      {retries && (
        <>
          <Button look="main" onPress={() => ask('retry')}>
            Retry
          </Button>
          <Button onPress={() => ask('start')}>Retry from the start</Button>
          <Button onPress={() => ask('edit')}>Edit and retry</Button>
        </>
      )}
      {cancels && (
        <Button look="danger" onPress={() => ask('cancel')}>
          Cancel
        </Button>
      )}
      {retries && (asked === 'retry' || asked === 'start') && (
        <Retry operation={operation} from={asked === 'start' ? 'start' : 'failed_step'} onClose={close} />
      )}
      {retries && asked === 'edit' && tenant && (
        <EditedRetry operation={operation} tenant={tenant} onClose={close} />
      )}
      {cancels && asked === 'cancel' && <Cancel operation={operation} onClose={close} />}
    </>
  )
}

/** Asks for another try, and goes to where it is watched. */
export function useRetry(tenant: string) {
  const [, go] = usePlace()
  return useAct(async (body: Schemas['Retry'], key) => {
    const answer = await api.POST('/v1/tenants/{id}/retry', {
      params: { path: { id: tenant }, header: { 'Idempotency-Key': key } },
      body,
    })
    // At once: by the time that all else is read again, there is nothing to retry here and nobody to go.
    if (answer.data && 'operation' in answer.data)
      go(`/tenants/${tenant}/operations/${answer.data.operation}`)
    return answer
  })
}

interface RetryProps {
  operation: Schemas['Operation']
  from: Schemas['RetryFrom']
  onClose: () => void
}

function Retry({ operation, from, onClose }: RetryProps) {
  const { mutate, isPending, error } = useRetry(operation.tenant)
  const starts = from === 'start'
  return (
    <Confirm
      open
      title={starts ? 'Retry from the start' : 'Retry from the failed step'}
      verb="Retry"
      onClose={onClose}
      isPending={isPending}
      problem={error}
      onConfirm={reason => mutate({ reason, from })}
    >
      <p>
        {starts
          ? 'Every step runs again, also over what is there.'
          : `What is done is taken as it is${operation.fault ? `: it goes on at ${operation.fault.step}` : ''}.`}
      </p>
    </Confirm>
  )
}

function Cancel({ operation, onClose }: { operation: Schemas['Operation']; onClose: () => void }) {
  const { tenant: id, id: name, kind } = operation
  const act = useAct((reason: string, key) =>
    api.POST('/v1/tenants/{id}/operations/{operation}/cancel', {
      params: { path: { id, operation: name }, header: { 'Idempotency-Key': key } },
      body: { reason },
    }),
  )
  return (
    <Confirm
      open
      danger
      title="Cancel the operation"
      verb="Cancel it"
      onClose={onClose}
      isPending={act.isPending}
      problem={act.error}
      onConfirm={reason => act.mutate(reason, { onSuccess: onClose })}
    >
      <p>
        No further step begins.{' '}
        {kind === 'provision' || kind === 'restore'
          ? 'What it made is destroyed.'
          : 'What it changed is led back.'}
      </p>
    </Confirm>
  )
}

/** Has it do without one step. */
export function Skip({ operation, step }: { operation: Schemas['Operation']; step: string }) {
  const [asked, ask] = useState(false)
  const { tenant: id, id: name, kind } = operation
  const act = useAct((reason: string, key) =>
    api.POST('/v1/tenants/{id}/operations/{operation}/skip', {
      params: { path: { id, operation: name }, header: { 'Idempotency-Key': key } },
      body: { step, reason },
    }),
  )
  const leaves = kind === 'offboard'
  return (
    <div>
      <Button onPress={() => ask(true)}>{leaves ? 'Leave without its backup' : 'Skip this step'}</Button>
      {asked && (
        <Confirm
          open
          danger={leaves}
          title={leaves ? `Leave without the backup of ${step}` : `Skip ${step}`}
          verb={leaves ? 'Leave without' : 'Skip'}
          onClose={() => ask(false)}
          isPending={act.isPending}
          problem={act.error}
          onConfirm={reason => act.mutate(reason, { onSuccess: () => ask(false) })}
        >
          <p>
            {leaves
              ? 'What it holds is destroyed, and nothing of it is kept.'
              : 'The operation goes on without it.'}
          </p>
        </Confirm>
      )}
    </div>
  )
}
