import { useState } from 'react'

import { useAct } from '../../../api/act'
import { api, type Schemas } from '../../../api/client'
import { useRead } from '../../../api/live'
import { Checks } from '../../../ui/Check'
import { Confirm } from '../../../ui/Dialog'
import { Choice, Field } from '../../../ui/Field'
import { Picks } from '../../../ui/Picks'
import { ThemePreview } from '../../themes/ThemePreview'
import type { ActProps } from './ActDialog'
import { PreviewShown } from '../../../preview/PreviewShown'
import { LOOKING, usePreview } from '../../../preview/usePreview'

interface Props extends ActProps {
  blueprint: Schemas['Blueprint'] | undefined
}

type Wish = Omit<Schemas['TenantUpdate'], 'reason'>

/** What it was signed up with: everything is brought in line with what is different. */
export function Edit({ tenant, blueprint, onClose, onDone }: Props) {
  const all = useRead('/v1/themes')
  const [name, setName] = useState(tenant.name)
  const [email, setEmail] = useState(tenant.email)
  const [theme, setTheme] = useState(tenant.theme ?? null)
  const [category, setCategory] = useState(tenant.category ?? null)
  const [integrations, setIntegrations] = useState<string[]>(tenant.integrations ?? [])
  const changed = sorted(integrations).join() !== sorted(tenant.integrations ?? []).join()
  const wish: Wish = {
    ...(name.trim() !== tenant.name && { name: name.trim() }),
    ...(email.trim() !== tenant.email && { email: email.trim() }),
    ...(theme !== (tenant.theme ?? null) && { theme }),
    ...(category !== (tenant.category ?? null) && { category }),
    ...(changed && { integrations }),
  }
  const isDifferent = Object.keys(wish).length > 0
  const preview = usePreview(`edit ${tenant.id}`, isDifferent ? wish : null, wish =>
    api.PATCH('/v1/tenants/{id}', {
      params: { path: { id: tenant.id }, query: { dry_run: 'plan' } },
      body: { ...wish, reason: LOOKING },
    }),
  )
  const edit = useAct((body: Schemas['TenantUpdate'], key) =>
    api.PATCH('/v1/tenants/{id}', {
      params: { path: { id: tenant.id }, header: { 'Idempotency-Key': key } },
      body,
    }),
  )
  const themes = (all.data?.themes ?? []).filter(
    ({ id, active }) => id === tenant.theme || (active && blueprint?.themes?.includes(id)),
  )
  const about = (field: string) =>
    edit.error?.about(field) ?? preview.data?.violations.find(violation => violation.field === field)?.problem
  return (
    <Confirm
      title={`Edit ${tenant.name}`}
      verb="Save"
      wide
      open
      onClose={onClose}
      isReady={isDifferent && preview.data?.valid !== false}
      isPending={edit.isPending}
      problem={edit.error}
      onConfirm={reason => edit.mutate({ ...wish, reason }, { onSuccess: () => onDone() })}
    >
      <Field label="Name" value={name} onChange={setName} problem={about('name')} isRequired autoFocus />
      <Field
        label="Owner’s e-mail"
        type="email"
        value={email}
        onChange={setEmail}
        problem={about('email')}
        isRequired
      />
      {(blueprint?.categories?.length ?? 0) > 0 && (
        <Choice
          label="Category"
          value={category}
          onChange={setCategory}
          options={(blueprint?.categories ?? []).map(id => ({ id, label: id }))}
        />
      )}
      {(blueprint?.integrations?.length ?? 0) > 0 && (
        <Checks
          label="Integrations"
          options={(blueprint?.integrations ?? []).map(id => ({ id, label: id }))}
          value={integrations}
          onChange={setIntegrations}
          problem={about('integrations')}
        />
      )}
      {themes.length > 0 && (
        <Picks
          label="Theme"
          picks={themes.map(theme => ({
            id: theme.id,
            label: theme.name,
            content: (
              <>
                <ThemePreview theme={theme} store={name} />
                {theme.name}
              </>
            ),
          }))}
          value={theme}
          onChange={setTheme}
          problem={about('theme')}
        />
      )}
      <PreviewShown of={preview} />
    </Confirm>
  )
}

const sorted = (names: readonly string[]) => names.toSorted()
