import { useState } from 'react'

import { useAct } from '../../../api/act'
import { api, type Schemas } from '../../../api/client'
import { Confirm } from '../../../ui/Dialog'
import { Field } from '../../../ui/Field'
import { spelled } from '../../../ui/State'
import type { ActProps } from './ActDialog'

/** Brings it back: at once in its days of grace, from its archive afterwards. */
export function Restore({ tenant, onClose, onDone }: ActProps) {
  const [subdomain, setSubdomain] = useState('')
  const restore = useAct((body: Schemas['Restoration'], key) =>
    api.POST('/v1/tenants/{id}/restore', {
      params: { path: { id: tenant.id }, header: { 'Idempotency-Key': key } },
      body,
    }),
  )
  const gone = tenant.status === 'deleted'
  return (
    <Confirm
      title={`Restore ${tenant.name}`}
      verb="Restore"
      open
      onClose={onClose}
      isPending={restore.isPending}
      problem={restore.error}
      onConfirm={reason =>
        restore.mutate(
          { reason, ...(subdomain.trim() && { subdomain: subdomain.trim() }) },
          { onSuccess: () => onDone() },
        )
      }
    >
      {gone ? (
        <>
          <p>
            It is provisioned again and filled with what its archive holds. Its own domains and its
            subscription are to be added anew.
          </p>
          <Field
            label="Subdomain"
            hint={`Only if somebody else has ${tenant.subdomain} by now.`}
            placeholder={tenant.subdomain}
            value={subdomain}
            onChange={setSubdomain}
            problem={restore.error?.about('subdomain')}
          />
        </>
      ) : (
        <p>It is not deleted, and is {spelled(tenant.grace?.was ?? 'active')} again at once.</p>
      )}
    </Confirm>
  )
}
