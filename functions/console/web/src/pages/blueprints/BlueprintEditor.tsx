import { type FormEvent, type ReactNode, useRef, useState } from 'react'

import { useAct } from '../../api/act'
import { api, type Schemas } from '../../api/client'
import { useRead } from '../../api/live'
import { Editing } from '../../catalogue/Editing'
import { BLUEPRINTS, of } from '../../catalogue/entries'
import type { Versioned } from '../../catalogue/versioned'
import { focusWrong } from '../../catalogue/wrong'
import { Button } from '../../ui/Button'
import { Check, Checks } from '../../ui/Check'
import { Entries } from '../../ui/Entries'
import { Choice, Field } from '../../ui/Field'
import { Refusal } from '../../ui/Notice'
import { NumberInput } from '../../ui/NumberInput'
import { type Draft, drafted, ordered, update } from './draft'
import './Blueprints.css'

type Blueprint = Schemas['Blueprint']

const ON_FAILURE: Record<Schemas['OnFailure'], string> = {
  compensate: 'What was made is destroyed',
  hold: 'What was made is kept for a retry',
}

/** Changes what of a blueprint does not come with a deployment. */
export function BlueprintEditor({ name, onClose }: { name: string; onClose: () => void }) {
  return (
    <Editing entries={BLUEPRINTS} id={name} onClose={onClose}>
      {(read, again) => <BlueprintForm read={read} again={again} onClose={onClose} />}
    </Editing>
  )
}

interface FormProps {
  read: Versioned<Blueprint>
  again: ReactNode
  onClose: () => void
}

function BlueprintForm({ read, again, onClose }: FormProps) {
  const [draft, setDraft] = useState(() => drafted(read.value))
  const [reason, setReason] = useState('')
  const [tried, setTried] = useState(false)
  const form = useRef<HTMLFormElement>(null)
  const plans = useRead('/v1/plans')
  const themes = useRead('/v1/themes')
  const save = useAct((wish: Schemas['BlueprintUpdate']) =>
    api.PATCH('/v1/blueprints/{name}', {
      params: { path: { name: read.value.name }, header: of(read.version) },
      body: wish,
    }),
  )
  const set = (change: Partial<Draft>) => setDraft(old => ({ ...old, ...change }))
  const missing = tried && reason.trim() === '' ? 'It says not why.' : undefined
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (reason.trim() === '') return focusWrong(form.current)
    save.mutate(update(read.value, draft, reason.trim()), {
      onSuccess: onClose,
      onError: () => focusWrong(form.current),
    })
  }
  return (
    <form className="form" noValidate onSubmit={submit} ref={form}>
      <p className="quiet">
        New tenants get what is said here; the others stay with the version they were made of.
      </p>
      <Field
        label="Description"
        lines={2}
        value={draft.description}
        onChange={description => set({ description })}
      />
      <Check
        label="Asks for approval"
        hint="Somebody approves each signup first."
        isSelected={draft.approval}
        onChange={approval => set({ approval })}
      />
      <Named
        label="Plans"
        known={plans.data?.plans}
        chosen={draft.plans}
        onChange={plans => set({ plans })}
        problem={save.error?.about('plans')}
      />
      <Named
        label="Themes"
        known={themes.data?.themes}
        chosen={draft.themes}
        onChange={themes => set({ themes })}
        problem={save.error?.about('themes')}
      />
      <div className="blueprint-fields">
        <Field
          label="Categories"
          hint="One a line."
          lines={4}
          value={draft.categories}
          onChange={categories => set({ categories })}
        />
        <Field
          label="Integrations"
          hint="One a line."
          lines={4}
          value={draft.integrations}
          onChange={integrations => set({ integrations })}
        />
        <Choice
          label="If a provisioning fails"
          value={draft.on_failure}
          options={Object.entries(ON_FAILURE).map(([id, label]) => ({ id, label }))}
          onChange={id => set({ on_failure: id as Schemas['OnFailure'] })}
        />
        {read.value.hibernates && (
          <NumberInput
            label="Put to sleep after days without use"
            hint="0 for never."
            value={draft.idle_days}
            onChange={idle_days => set({ idle_days })}
            minValue={0}
            formatOptions={{ maximumFractionDigits: 0 }}
            problem={save.error?.about('hibernation')}
          />
        )}
      </div>
      <Entries
        label="Settings"
        hint="Its steps ask for them by name."
        entries={draft.settings}
        onChange={settings => set({ settings })}
      />
      <fieldset className="entries">
        <legend>Costs a month</legend>
        <p className="quiet small">
          Of what each step makes, roughly, in US dollars: shown to whoever decides.
        </p>
        <div className="blueprint-costs">
          {Object.entries(draft.costs).map(([step, dollars]) => (
            <NumberInput
              key={step}
              label={step}
              placeholder="nothing"
              value={dollars}
              onChange={dollars => set({ costs: { ...draft.costs, [step]: dollars } })}
              minValue={0}
              formatOptions={{ maximumFractionDigits: 2 }}
            />
          ))}
        </div>
      </fieldset>
      <Field
        label="Reason"
        hint="Kept in the audit log."
        value={reason}
        onChange={setReason}
        maxLength={500}
        problem={save.error?.about('reason') ?? missing}
        isRequired
      />
      <Refusal of={save.error} />
      {save.error?.status === 412 && again}
      <div className="dialog-actions">
        <Button onPress={onClose}>Close</Button>
        <Button type="submit" look="main" isPending={save.isPending}>
          Save
        </Button>
      </div>
    </form>
  )
}

interface NamedProps {
  label: string
  known: readonly { id: string }[] | undefined
  chosen: readonly string[]
  onChange: (ids: string[]) => void
  problem: string | undefined
}

/** Those of the catalogue that it names, and which of them is had by who names none. */
function Named({ label, known = [], chosen, onChange, problem }: NamedProps) {
  const all = [...new Set([...chosen, ...known.map(({ id }) => id)])]
  const options = all.map(id => ({ id, label: id }))
  return (
    <div className="blueprint-fields">
      <Checks
        label={label}
        options={options}
        value={chosen}
        onChange={ids => onChange(ordered(ids, chosen[0] ?? null))}
        problem={problem}
      />
      {chosen.length > 1 && (
        <Choice
          label={`Default of the ${label.toLowerCase()}`}
          value={chosen[0] ?? null}
          options={options.filter(({ id }) => chosen.includes(id))}
          onChange={first => onChange(ordered(chosen, first))}
        />
      )}
    </div>
  )
}
