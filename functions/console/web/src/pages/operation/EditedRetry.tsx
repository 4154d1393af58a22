import { useState } from 'react'

import { type Schemas, api } from '../../api/client'
import { useRead } from '../../api/live'
import type { Problem } from '../../api/problem'
import { Button } from '../../ui/Button'
import { Checks } from '../../ui/Check'
import { Confirm } from '../../ui/Dialog'
import { Choice, Field } from '../../ui/Field'
import { Loaded } from '../../ui/Loaded'
import { PreviewShown } from '../../preview/PreviewShown'
import { LOOKING, usePreview } from '../../preview/usePreview'
import { useRetry } from './Acts'
import { changed, type Edits, unchanged } from './edits'
import './EditedRetry.css'

interface Props {
  operation: Pick<Schemas['Operation'], 'on_failure'>
  tenant: Schemas['Tenant']
  onClose: () => void
}

/** Another try of what was signed up for, with some of it put right. */
export function EditedRetry({ operation, tenant, onClose }: Props) {
  const { mutate, isPending, error } = useRetry(tenant.id)
  const blueprint = useRead('/v1/blueprints/{name}', { path: { name: tenant.blueprint.name } })
  const [before] = useState(() => unchanged(tenant, operation.on_failure))
  const [after, edit] = useState(before)
  const wish = changed(before, after)
  return (
    <Confirm
      open
      title="Edit and retry"
      verb="Retry"
      onClose={onClose}
      isPending={isPending}
      problem={error}
      onConfirm={reason => mutate({ reason, ...wish })}
    >
      <Loaded query={blueprint}>
        {blueprint => <Fields blueprint={blueprint} after={after} edit={edit} problem={error} />}
      </Loaded>
      {/* What was said of another wish is not true of this one. */}
      <Rehearsal key={JSON.stringify(wish)} tenant={tenant.id} wish={wish} />
    </Confirm>
  )
}

interface FieldsProps {
  blueprint: Schemas['Blueprint']
  after: Edits
  edit: (edits: Edits) => void
  problem: Problem | null
}

function Fields({ blueprint, after, edit, problem }: FieldsProps) {
  const plans = useRead('/v1/plans').data?.plans ?? []
  const themes = useRead('/v1/themes').data?.themes ?? []
  const set =
    <K extends keyof Edits>(key: K) =>
    (value: Edits[K]) =>
      edit({ ...after, [key]: value })
  // What it has it keeps, also where that is not on offer any more.
  const choices = (
    all: readonly { id: string; name: string }[],
    offered: readonly string[],
    has: string | null,
  ) =>
    [...new Set([...(has ? [has] : []), ...offered])].map(id => ({
      id,
      label: all.find(one => one.id === id)?.name ?? id,
    }))
  const some = blueprint.themes ?? []
  const categories = blueprint.categories ?? []
  const integrations = blueprint.integrations ?? []
  const optional = blueprint.optional ?? []
  return (
    <>
      <div className="retry-fields">
        <Field label="Name" value={after.name} onChange={set('name')} problem={problem?.about('name')} />
        <Field
          label="Subdomain"
          value={after.subdomain}
          onChange={set('subdomain')}
          problem={problem?.about('subdomain')}
        />
        <Field
          label="E-mail"
          type="email"
          value={after.email}
          onChange={set('email')}
          problem={problem?.about('email')}
        />
        <Choice
          label="Plan"
          value={after.plan}
          onChange={set('plan')}
          options={choices(plans, blueprint.plans, after.plan)}
        />
        {some.length > 0 && (
          <Choice
            label="Theme"
            value={after.theme}
            onChange={set('theme')}
            options={choices(themes, some, after.theme)}
          />
        )}
        {categories.length > 0 && (
          <Choice
            label="Category"
            value={after.category}
            onChange={set('category')}
            options={choices([], categories, after.category)}
          />
        )}
        <Choice
          label="It goes on"
          value={after.from}
          onChange={from => edit({ ...after, from: from as Edits['from'] })}
          options={[
            { id: 'failed_step', label: 'at the failed step' },
            { id: 'start', label: 'from the start' },
          ]}
        />
        <Choice
          label="If it fails again"
          value={after.on_failure}
          onChange={then => edit({ ...after, on_failure: then as Edits['on_failure'] })}
          options={[
            { id: 'compensate', label: 'destroy what it made' },
            { id: 'hold', label: 'keep what it made' },
          ]}
        />
      </div>
      {integrations.length > 0 && (
        <Checks
          label="Integrations"
          options={integrations.map(id => ({ id, label: id }))}
          value={after.integrations}
          onChange={set('integrations')}
          problem={problem?.about('integrations')}
        />
      )}
      {optional.length > 0 && (
        <Checks
          label="Without"
          options={optional.map(id => ({ id, label: id }))}
          value={after.skip}
          onChange={set('skip')}
        />
      )}
    </>
  )
}

interface RehearsalProps {
  tenant: string
  wish: Omit<Schemas['Retry'], 'reason'>
}

/** Says what would be done. Nothing is. */
function Rehearsal({ tenant, wish }: RehearsalProps) {
  const [asked, ask] = useState(false)
  const preview = usePreview('retry', asked ? wish : null, wish =>
    api.POST('/v1/tenants/{id}/retry', {
      params: { path: { id: tenant }, query: { dry_run: 'plan' } },
      body: { reason: LOOKING, ...wish },
    }),
  )
  return (
    <div className="rehearsal">
      <div>
        <Button onPress={() => ask(true)} isPending={preview.isFetching}>
          What would be done?
        </Button>
      </div>
      <PreviewShown of={preview} />
    </div>
  )
}
