import { useAct } from '../../../api/act'
import { api } from '../../../api/client'
import { Confirm } from '../../../ui/Dialog'
import type { ActProps } from './ActDialog'

/** What takes nothing but a reason. */
const PLAIN = {
  suspend: {
    path: '/v1/tenants/{id}/suspend',
    verb: 'Suspend',
    follows: 'Visitors see that it is suspended. Its data is kept, and it can be resumed.',
  },
  resume: {
    path: '/v1/tenants/{id}/resume',
    verb: 'Resume',
    follows: 'It serves its visitors again.',
  },
  hibernate: {
    path: '/v1/tenants/{id}/hibernate',
    verb: 'Hibernate',
    follows: 'What computes for it stops until somebody comes. Its data is kept.',
  },
  wake: {
    path: '/v1/tenants/{id}/wake',
    verb: 'Wake',
    follows: 'It stands ready before anybody comes.',
  },
  check: {
    path: '/v1/tenants/{id}/check',
    verb: 'Check',
    follows: 'Every step runs again over it as it is to be: what is not as it should be is mended.',
  },
  hold: {
    path: '/v1/tenants/{id}/hold',
    verb: 'Hold',
    follows: 'Nothing takes it away until it is released: deletions are refused, and an offboarding waits.',
  },
  release: {
    path: '/v1/tenants/{id}/release',
    verb: 'Release',
    follows: 'It can be deleted again. An offboarding that waits for this goes on within a day.',
  },
  lock: {
    path: '/v1/tenants/{id}/lock',
    verb: 'Lock',
    follows: 'Deletions are refused until the lock is taken off.',
  },
  unlock: { path: '/v1/tenants/{id}/unlock', verb: 'Unlock', follows: 'It can be deleted again.' },
} as const

interface Props extends ActProps {
  act: keyof typeof PLAIN
}

export function Plain({ act, tenant, onClose, onDone }: Props) {
  const { path, verb, follows } = PLAIN[act]
  const { mutate, isPending, error } = useAct((reason: string, key) =>
    api.POST(path, {
      params: { path: { id: tenant.id }, header: { 'Idempotency-Key': key } },
      body: { reason },
    }),
  )
  return (
    <Confirm
      title={`${verb} ${tenant.name}`}
      verb={verb}
      open
      onClose={onClose}
      isPending={isPending}
      problem={error}
      onConfirm={reason => mutate(reason, { onSuccess: () => onDone() })}
    >
      <p>{follows}</p>
    </Confirm>
  )
}
