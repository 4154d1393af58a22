import { useAct } from '../../../api/act'
import { api, type Schemas } from '../../../api/client'
import { Confirm } from '../../../ui/Dialog'
import type { ActProps } from './ActDialog'

interface Props extends ActProps {
  access: Schemas['Access']
}

/** Has its product take changes, or refuse them. */
export function Access({ tenant, access, onClose, onDone }: Props) {
  const { mutate, isPending, error } = useAct((reason: string, key) =>
    api.POST('/v1/tenants/{id}/access', {
      params: { path: { id: tenant.id }, header: { 'Idempotency-Key': key } },
      body: { access, reason },
    }),
  )
  const less = access === 'read_only'
  return (
    <Confirm
      title={less ? `Make ${tenant.name} read-only` : `Give ${tenant.name} full access`}
      verb={less ? 'Make read-only' : 'Give full access'}
      open
      onClose={onClose}
      isPending={isPending}
      problem={error}
      onConfirm={reason => mutate(reason, { onSuccess: () => onDone() })}
    >
      <p>
        {less
          ? 'Its product refuses changes. Its people and visitors see what there is.'
          : 'Its product takes changes again.'}
      </p>
    </Confirm>
  )
}
