import { type ReactNode, useEffect, useRef, useState } from 'react'

import { useAct } from '../../api/act'
import { api, type Schemas } from '../../api/client'
import { of } from '../../catalogue/entries'
import type { Versioned } from '../../catalogue/versioned'
import { focusWrong } from '../../catalogue/wrong'
import { Button } from '../../ui/Button'
import { Check, Checks } from '../../ui/Check'
import { Field } from '../../ui/Field'
import { Refusal } from '../../ui/Notice'
import { EVENT_TYPES } from './event-types'
import type { Webhook } from './webhook'

interface Props {
  /** None where one is added. */
  read?: Versioned<Webhook>
  /** A way back for whoever was overtaken. */
  again?: ReactNode
  onClose: () => void
  onSaved: (webhook: Webhook) => void
}

/** What a webhook is: where, what, of whom. */
export function WebhookForm({ read, again, onClose, onSaved }: Props) {
  const before = read?.value
  const [url, setUrl] = useState(before?.url ?? '')
  const [description, setDescription] = useState(before?.description ?? '')
  const [types, setTypes] = useState<readonly Schemas['EventType'][]>(before?.types ?? [])
  const [tenant, setTenant] = useState('')
  const [enabled, setEnabled] = useState(before?.enabled ?? true)
  const [reason, setReason] = useState('')
  const form = useRef<HTMLFormElement>(null)
  const save = useAct((_: void, key) => {
    const said = { url: url.trim(), description: description.trim(), types: [...types] }
    if (!before) {
      return api.POST('/v1/webhooks', {
        params: { header: { 'Idempotency-Key': key } },
        body: { ...said, ...(tenant.trim() && { tenant: tenant.trim() }) },
      })
    }
    return api.PATCH('/v1/webhooks/{id}', {
      params: { path: { id: before.id }, header: of(read.version) },
      body: { ...said, reason: reason.trim(), ...(enabled !== before.enabled && { enabled }) },
    })
  })
  useEffect(() => {
    if (save.error) focusWrong(form.current)
  }, [save.error])
  const ready = url.trim() !== '' && (!before || reason.trim() !== '')
  return (
    <form
      className="form"
      ref={form}
      noValidate
      onSubmit={event => {
        event.preventDefault()
        if (!ready || save.isPending) return
        save.mutate(undefined, { onSuccess: onSaved })
      }}
    >
      <Field
        label="Address"
        hint="https, a name, no port."
        placeholder="https://hooks.example.com/tenantry"
        value={url}
        onChange={setUrl}
        maxLength={2000}
        autoComplete="off"
        isRequired
        autoFocus
        problem={save.error?.about('url')}
      />
      <Field
        label="Description"
        value={description}
        onChange={setDescription}
        maxLength={200}
        problem={save.error?.about('description')}
      />
      <Checks
        label="It is told"
        hint="Everything, where nothing is chosen."
        options={EVENT_TYPES}
        value={types}
        onChange={chosen => setTypes(chosen as Schemas['EventType'][])}
        problem={save.error?.about('types')}
      />
      {before ? (
        <>
          <Check
            label="It listens"
            hint={
              before.disabled
                ? 'We disabled it: nothing got through for too long.'
                : 'Nothing is sent to one that does not.'
            }
            isSelected={enabled}
            onChange={setEnabled}
          />
          <Field
            label="Reason"
            hint="Kept in the audit log."
            value={reason}
            onChange={setReason}
            maxLength={500}
            isRequired
            problem={save.error?.about('reason')}
          />
        </>
      ) : (
        <Field
          label="Tenant"
          hint="Of one tenant alone, by its id. Empty is of all."
          value={tenant}
          onChange={setTenant}
          autoComplete="off"
          problem={save.error?.about('tenant')}
        />
      )}
      <Refusal of={save.error} />
      {save.error?.status === 412 && again}
      <div className="dialog-actions">
        <Button onPress={onClose}>Close</Button>
        <Button type="submit" look="main" isDisabled={!ready} isPending={save.isPending}>
          {before ? 'Save' : 'Add'}
        </Button>
      </div>
    </form>
  )
}
