import { type FormEvent, type ReactNode, useRef, useState } from 'react'

import { useAct } from '../../api/act'
import { api, type Schemas } from '../../api/client'
import { Editing } from '../../catalogue/Editing'
import { of, PLANS } from '../../catalogue/entries'
import { Titles } from '../../catalogue/Titles'
import type { Versioned } from '../../catalogue/versioned'
import { focusWrong } from '../../catalogue/wrong'
import { Button } from '../../ui/Button'
import { Check } from '../../ui/Check'
import { Entries } from '../../ui/Entries'
import { Field } from '../../ui/Field'
import { Refusal } from '../../ui/Notice'
import { NumberInput } from '../../ui/NumberInput'
import { Bounds } from './Bounds'
import { digitsOf, type Draft, drafted, planOf, wrongWith } from './draft'
import { type Limit, LIMITS } from './limits'
import { PriceCard } from './PriceCard'
import './Plans.css'

type Plan = Schemas['Plan']

const BLANK: Plan = {
  id: '',
  name: '',
  description: '',
  price_cents: 0,
  currency: 'USD',
  billing_cycle: 'monthly',
  trial_days: 0,
  popular: false,
  active: false,
  approval: false,
  features: [],
  limits: {},
}

/** Changes a plan, or makes one: that of the empty id. */
export function PlanEditor({ id, onClose }: { id: string; onClose: () => void }) {
  return (
    <Editing entries={PLANS} id={id} blank={BLANK} onClose={onClose}>
      {(read, again) => <PlanForm read={read} isNew={id === ''} again={again} onClose={onClose} />}
    </Editing>
  )
}

interface FormProps {
  read: Versioned<Plan>
  isNew: boolean
  again: ReactNode
  onClose: () => void
}

function PlanForm({ read, isNew, again, onClose }: FormProps) {
  const [draft, setDraft] = useState(() => drafted(read.value))
  const [tried, setTried] = useState(false)
  const form = useRef<HTMLFormElement>(null)
  const save = useAct((plan: Plan, key) =>
    isNew
      ? api.POST('/v1/plans', { params: { header: { 'Idempotency-Key': key } }, body: plan })
      : api.PUT('/v1/plans/{id}', {
          params: { path: { id: plan.id }, header: of(read.version) },
          body: plan,
        }),
  )
  const set = (change: Partial<Draft>) => setDraft(old => ({ ...old, ...change }))
  const wrong = wrongWith(draft, isNew)
  const about = (field: string) => save.error?.about(field) ?? (tried ? wrong[field] : undefined)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (Object.keys(wrong).length > 0) return focusWrong(form.current)
    save.mutate(planOf(draft), { onSuccess: onClose })
  }
  return (
    <form className="form" noValidate onSubmit={submit} ref={form}>
      <div className="plan-editor">
        <div className="form">
          <Titles of={draft} isNew={isNew} onChange={set} problem={about} />
          <div className="fields">
            <NumberInput
              label="Price"
              value={draft.price}
              onChange={price => set({ price })}
              minValue={0}
              formatOptions={{ maximumFractionDigits: digitsOf(draft.currency) }}
              isRequired
              problem={about('price')}
            />
            <Field
              label="Currency"
              value={draft.currency}
              onChange={currency => set({ currency: currency.toUpperCase() })}
              maxLength={3}
              isRequired
              problem={about('currency')}
            />
            <Field
              label="Billed"
              value={draft.billing_cycle}
              onChange={billing_cycle => set({ billing_cycle })}
              isRequired
              problem={about('billing_cycle')}
            />
            <NumberInput
              label="Days of trial"
              value={draft.trial_days}
              onChange={trial_days => set({ trial_days })}
              {...DAYS}
              minValue={0}
            />
            <NumberInput
              label="Ends after days"
              hint="For a plan to try, without paying."
              placeholder="never"
              value={draft.expires_days}
              onChange={expires_days => set({ expires_days })}
              {...DAYS}
              minValue={1}
            />
          </div>
          <Check label="Recommended" isSelected={draft.popular} onChange={popular => set({ popular })} />
          <Check
            label="On offer"
            hint="New tenants can choose it. Those who have it keep it."
            isSelected={draft.active}
            onChange={active => set({ active })}
          />
          <Check
            label="Asks for approval"
            hint="Somebody approves each signup for it first."
            isSelected={draft.approval}
            onChange={approval => set({ approval })}
          />
          <Field
            label="Features"
            hint="One a line."
            lines={5}
            value={draft.features}
            onChange={features => set({ features })}
          />
          <div className="fields">
            {(Object.keys(LIMITS) as Limit[]).map(limit => (
              <NumberInput
                key={limit}
                label={LIMITS[limit].label}
                placeholder="unlimited"
                value={draft.limits[limit]}
                onChange={count => set({ limits: { ...draft.limits, [limit]: count } })}
                minValue={0}
                maxValue={0xffff_ffff}
                formatOptions={{ maximumFractionDigits: 0 }}
              />
            ))}
          </div>
          <Entries
            label="Settings"
            hint="Instead of the blueprint’s of the same name."
            entries={draft.settings}
            onChange={settings => set({ settings })}
          />
          <Bounds bounds={draft.bounds} onChange={bounds => set({ bounds })} problem={about} />
        </div>
        <section className="plan-seen" aria-label="As customers see it">
          <h3>As customers see it</h3>
          <PriceCard plan={{ ...planOf(draft), name: draft.name || 'New plan' }} />
        </section>
      </div>
      <Refusal of={save.error} />
      {save.error?.status === 412 && again}
      <div className="dialog-actions">
        <Button onPress={onClose}>Close</Button>
        <Button type="submit" look="main" isPending={save.isPending}>
          {isNew ? 'Add plan' : 'Save'}
        </Button>
      </div>
    </form>
  )
}

const DAYS = { maxValue: 65535, formatOptions: { maximumFractionDigits: 0 } }
