import { type FormEvent, useEffect, useRef, useState } from 'react'
import { useLocation } from 'wouter'

import { useAct } from '../../api/act'
import { api, type Schemas } from '../../api/client'
import { useRead } from '../../api/live'
import { focusWrong } from '../../catalogue/wrong'
import { Button } from '../../ui/Button'
import { Checks } from '../../ui/Check'
import { Dialog } from '../../ui/Dialog'
import { Choice, Field } from '../../ui/Field'
import { Loaded } from '../../ui/Loaded'
import { Notice, Refusal } from '../../ui/Notice'
import { Picks } from '../../ui/Picks'
import { PriceCard, priceOf } from '../plans/PriceCard'
import { ThemePreview } from '../themes/ThemePreview'
import { approval, asked, type Choices, onOffer } from './activation'
import { Availability } from './Availability'

type Tenant = Schemas['Tenant']

interface Props {
  tenant: Tenant
  onClose: () => void
}

/** Has a merchant's tenant made: as they signed up, or as somebody agreed with them since. */
export function ActivationDialog({ tenant, onClose }: Props) {
  const blueprint = useRead('/v1/blueprints/{name}', { path: { name: tenant.blueprint.name } })
  const plans = useRead('/v1/plans')
  const themes = useRead('/v1/themes')
  const domains = useRead('/v1/tenants/{id}/domains', { path: { id: tenant.id } })
  return (
    <Dialog title={`Activate ${tenant.name}`} open wide onClose={onClose}>
      <Loaded query={blueprint}>
        {blueprint => (
          <Loaded query={plans}>
            {({ plans }) => (
              <Loaded query={themes}>
                {({ themes }) => (
                  <Loaded query={domains}>
                    {domains => (
                      <Form
                        tenant={tenant}
                        signup={asked(tenant, domains)}
                        blueprint={blueprint}
                        plans={onOffer(blueprint.plans, plans, tenant.plan)}
                        themes={onOffer(blueprint.themes ?? [], themes, tenant.theme ?? null)}
                        onClose={onClose}
                      />
                    )}
                  </Loaded>
                )}
              </Loaded>
            )}
          </Loaded>
        )}
      </Loaded>
    </Dialog>
  )
}

interface FormProps extends Props {
  signup: Choices
  blueprint: Schemas['Blueprint']
  plans: readonly Schemas['Plan'][]
  themes: readonly Schemas['Theme'][]
}

function Form({ tenant, signup: now, blueprint, plans, themes, onClose }: FormProps) {
  // As it was when the dialog opened: what is read again does not take back what is typed.
  const [signup] = useState(now)
  const [chosen, setChosen] = useState(signup)
  const [reason, setReason] = useState('')
  const [tried, setTried] = useState(false)
  const form = useRef<HTMLFormElement>(null)
  const [, go] = useLocation()
  const activate = useAct((wish: Schemas['Approval'], key) =>
    api.POST('/v1/tenants/{id}/approve', {
      params: { path: { id: tenant.id }, header: { 'Idempotency-Key': key } },
      body: wish,
    }),
  )
  useEffect(() => {
    if (activate.error) focusWrong(form.current)
  }, [activate.error])
  const choose = (change: Partial<Choices>) => setChosen(old => ({ ...old, ...change }))
  const about = (field: string) => activate.error?.about(field)
  const missing = tried && reason.trim() === '' ? 'It says not why.' : undefined
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (reason.trim() === '') return focusWrong(form.current)
    activate.mutate(approval(signup, chosen, reason.trim()), {
      onSuccess: ({ tenant, operation }) => go(`/tenants/${tenant.id}/operations/${operation}`),
    })
  }
  const categories = blueprint.categories ?? []
  const integrations = blueprint.integrations ?? []
  return (
    <form className="form activation" noValidate onSubmit={submit} ref={form}>
      <p className="quiet">
        {tenant.email} signed up for {blueprint.name}. {blueprint.description}
      </p>
      {!blueprint.active && (
        <Notice tone="wait">
          {blueprint.name} is not on offer any more. Who waits for it can still have it.
        </Notice>
      )}
      <Field
        label="Store’s name"
        value={chosen.name}
        onChange={name => choose({ name })}
        problem={about('name')}
        isRequired
      />
      {themes.length > 0 && (
        <Picks
          label="Theme"
          value={chosen.theme}
          onChange={theme => choose({ theme })}
          problem={about('theme')}
          picks={themes.map(theme => ({
            id: theme.id,
            label: theme.name,
            content: (
              <>
                <ThemePreview theme={theme} store={chosen.name} />
                <strong>{theme.name}</strong>
                <span className="quiet small">{theme.description}</span>
                {!theme.active && <span className="small">not on offer any more</span>}
              </>
            ),
          }))}
        />
      )}
      <Picks
        label="Plan"
        value={chosen.plan}
        onChange={plan => choose({ plan })}
        problem={about('plan')}
        picks={plans.map(plan => ({
          id: plan.id,
          label: `${plan.name}, ${priceOf(plan)} ${plan.billing_cycle}`,
          content: (
            <>
              {/* Whoever approves need not be told that somebody does. */}
              <PriceCard plan={{ ...plan, approval: false }} />
              {!plan.active && <span className="small">not on offer any more</span>}
            </>
          ),
        }))}
      />
      <div className="activation-fields">
        <div className="activation-name">
          <Field
            label="Subdomain"
            value={chosen.subdomain}
            onChange={subdomain => choose({ subdomain: subdomain.trim() })}
            problem={about('subdomain')}
            autoComplete="off"
            isRequired
          />
          <Availability
            subdomain={chosen.subdomain}
            own={signup.subdomain}
            onTake={subdomain => choose({ subdomain })}
          />
        </div>
        {blueprint.custom_domain && (
          <Field
            label="Domain of their own"
            hint="Begins once the store is active; they are told which record to publish. Empty for none."
            value={chosen.domain}
            onChange={domain => choose({ domain: domain.trim() })}
            problem={about('custom_domain')}
            placeholder="shop.example.com"
            autoComplete="off"
          />
        )}
        {categories.length > 0 && (
          <Choice
            label="Category"
            value={chosen.category}
            onChange={category => choose({ category })}
            options={categories.map(id => ({ id, label: id.replaceAll('-', ' ') }))}
            placeholder="None"
            problem={about('category')}
          />
        )}
      </div>
      {integrations.length > 0 && (
        <Checks
          label="Integrations"
          options={integrations.map(id => ({ id, label: id.replaceAll('-', ' ') }))}
          value={chosen.integrations}
          onChange={integrations => choose({ integrations })}
          problem={about('integrations')}
        />
      )}
      <Field
        label="Reason"
        hint="Kept in the audit log."
        value={reason}
        onChange={setReason}
        maxLength={500}
        problem={about('reason') ?? missing}
        isRequired
      />
      <Refusal of={activate.error} />
      <div className="dialog-actions">
        <Button onPress={onClose}>Close</Button>
        <Button type="submit" look="main" isPending={activate.isPending}>
          Activate
        </Button>
      </div>
    </form>
  )
}
