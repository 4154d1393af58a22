import { useState } from 'react'

import { useAct } from '../../../api/act'
import { api, type Schemas } from '../../../api/client'
import { Confirm } from '../../../ui/Dialog'
import { Choice } from '../../../ui/Field'
import type { ActProps } from './ActDialog'
import { PreviewShown } from '../../../preview/PreviewShown'
import { LOOKING, usePreview } from '../../../preview/usePreview'

interface Props extends ActProps {
  blueprint: Schemas['Blueprint'] | undefined
}

/** Another version of its blueprint: the newest, or back to one before. */
export function Upgrade({ tenant, blueprint, onClose, onDone }: Props) {
  const own = tenant.blueprint.version
  const newest = blueprint?.version ?? own
  const [version, setVersion] = useState(newest === own ? own - 1 : newest)
  const others = Array.from({ length: newest }, (_, at) => newest - at).filter(version => version !== own)
  const preview = usePreview(`upgrade ${tenant.id}`, version, version =>
    api.POST('/v1/tenants/{id}/upgrade', {
      params: { path: { id: tenant.id }, query: { dry_run: 'plan' } },
      body: { version, reason: LOOKING },
    }),
  )
  const upgrade = useAct((body: Schemas['Upgrade'], key) =>
    api.POST('/v1/tenants/{id}/upgrade', {
      params: { path: { id: tenant.id }, header: { 'Idempotency-Key': key } },
      body,
    }),
  )
  return (
    <Confirm
      title={`Move ${tenant.name} to another version`}
      verb={version > own ? 'Upgrade' : 'Move back'}
      open
      onClose={onClose}
      isReady={preview.data?.valid !== false}
      isPending={upgrade.isPending}
      problem={upgrade.error}
      onConfirm={reason => upgrade.mutate({ version, reason }, { onSuccess: () => onDone() })}
    >
      <p>
        It is of version {own} of {tenant.blueprint.name}. Should the move fail, it is led back.
      </p>
      <Choice
        label="Version"
        value={String(version)}
        onChange={version => setVersion(Number(version))}
        options={others.map(version => ({
          id: String(version),
          label: version === newest ? `${version}, the newest` : String(version),
        }))}
      />
      <PreviewShown of={preview} />
    </Confirm>
  )
}
