import type { Page } from '@playwright/test'

import { accessible } from './accessible'
import { call, random } from './api'
import { expect, go, signIn, test } from './console'
import { of } from './people'
import { stack } from './stack'

test.use({ role: 'admin' })

/** A plan that asks for approval, which two blueprints are sold with while these tests run. */
const GATED = `gated-${random()}`
const SOLD_WITH = ['merchant-workspace', 'neon-cloud-run']

interface Tenant {
  id: string
  name: string
  subdomain: string
  status: string
  plan: string
  theme?: string
  category?: string
  integrations: string[]
}

test.beforeAll(async () => {
  await call('POST', '/v1/plans', {
    id: GATED,
    name: 'On request',
    description: 'We talk first.',
    price_cents: 12345,
    currency: 'USD',
    billing_cycle: 'monthly',
    trial_days: 0,
    popular: false,
    active: true,
    approval: true,
    features: ['A person who answers'],
    limits: {},
  })
  for (const name of SOLD_WITH) await sell(name, plans => [...plans, GATED])
})

test.afterAll(async () => {
  for (const name of SOLD_WITH) await sell(name, plans => plans.filter(plan => plan !== GATED))
  await call('POST', `/v1/plans/${GATED}/deactivate`, { reason: 'the tests are over' })
})

test('a merchant is activated with what was agreed since they signed up', async ({ page }) => {
  test.slow()
  const [rival, merchant] = [await waiting('Rival'), await waiting('Awesome Store')]
  await go(page, '#/approvals')
  const row = page.getByRole('row', { name: merchant.name })
  await expect(row.getByText(GATED)).toBeVisible()
  await expect(row.locator('time')).toHaveCount(2)
  await row.getByRole('button', { name: `Activate ${merchant.name}` }).click()

  const dialog = page.getByRole('dialog', { name: `Activate ${merchant.name}` })
  // As they signed up.
  await expect(dialog.getByRole('radio', { name: 'Upfront Classic' })).toBeChecked()
  await expect(dialog.getByRole('radio', { name: 'On request, $123.45 monthly' })).toBeChecked()
  await expect(dialog.getByText('A person who answers')).toBeVisible()
  await expect(dialog.getByRole('checkbox', { name: 'stripe' })).toBeChecked()
  await expect(dialog.getByRole('button', { name: /Category/ })).toContainText('books')
  await expect(dialog.getByLabel('Subdomain')).toHaveValue(merchant.subdomain)
  await expect(dialog.getByText('it is kept for them')).toBeVisible()
  await expect(dialog.getByRole('img', { name: /Upfront Modern/ })).toContainText(merchant.name)

  await pick(page, 'Upfront Modern')
  await pick(page, 'Professional, $79.99 monthly')
  await dialog.getByRole('button', { name: /Category/ }).click()
  await page.getByRole('option', { name: 'electronics' }).click()
  await dialog.getByText('meta ads', { exact: true }).click()

  // Somebody else's name, one that nobody may have, and one that is free.
  const subdomain = dialog.getByLabel('Subdomain')
  await subdomain.fill(rival.subdomain)
  await expect(dialog.getByText(`'${rival.subdomain}' is taken`)).toBeVisible()
  await dialog.getByRole('button', { name: `Take ${rival.subdomain}-2` }).click()
  await expect(dialog.getByText(`${rival.subdomain}-2 is free`)).toBeVisible()
  await subdomain.fill('admin')
  await expect(dialog.getByText(/reserved/)).toBeVisible()
  const wanted = `awesome-${random()}`
  await subdomain.fill(wanted)
  await expect(dialog.getByText(`${wanted} is free`)).toBeVisible()

  // Not without saying why.
  const activate = dialog.getByRole('button', { name: 'Activate', exact: true })
  await activate.click()
  await expect(dialog.getByLabel('Reason')).toBeFocused()
  await dialog.getByLabel('Reason').fill('checked by phone')
  await activate.click()

  await expect(page).toHaveURL(new RegExp(`#/tenants/${merchant.id}/operations/[^/]+$`))
  await expect
    .poll(() => tenant(merchant.id), { timeout: 90_000 })
    .toMatchObject({
      status: 'active',
      subdomain: wanted,
      plan: 'professional',
      theme: 'upfront-modern',
      category: 'electronics',
      integrations: ['meta-ads', 'stripe'],
    })
  const { audit } = await call<{ audit: { action: string; who: string; why: string }[] }>(
    'GET',
    `/v1/tenants/${merchant.id}/audit`,
  )
  expect(audit.find(({ action }) => action === 'approve')).toMatchObject({
    who: 'admin',
    why: 'checked by phone',
  })
})

test('a subdomain that somebody took meanwhile is told beside its field', async ({ page }) => {
  const [rival, merchant] = [await waiting('Rival'), await waiting('Slow Store')]
  await go(page, '#/approvals')
  await page.getByRole('button', { name: `Activate ${merchant.name}` }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Subdomain').fill(rival.subdomain)
  await dialog.getByLabel('Reason').fill('in a hurry')
  await dialog.getByRole('button', { name: 'Activate', exact: true }).click()
  await expect(dialog.getByRole('alert')).toContainText('taken')
  await expect(dialog.getByLabel('Subdomain')).toBeFocused()
  await expect(dialog.getByLabel('Subdomain')).toHaveAttribute('aria-invalid', 'true')
  expect(await tenant(merchant.id)).toMatchObject({ status: 'pending_approval' })
})

test('a merchant is activated with another domain of their own', async ({ page }) => {
  const domain = `${random()}.example.com`
  const merchant = await waiting('Domain Store', { blueprint: 'neon-cloud-run', custom_domain: domain })
  await go(page, '#/approvals')
  await page.getByRole('button', { name: `Activate ${merchant.name}` }).click()
  const field = page.getByRole('dialog').getByLabel('Domain of their own')
  await expect(field).toHaveValue(domain)
  await field.fill('not a domain')
  await page.getByLabel('Reason').fill('they bought another')
  const activate = page.getByRole('button', { name: 'Activate', exact: true })
  await activate.click()
  await expect(field).toHaveAttribute('aria-invalid', 'true')
  const other = `${random()}.example.org`
  await field.fill(other)
  await activate.click()
  await expect(page).toHaveURL(new RegExp(`#/tenants/${merchant.id}/operations/`))
  const { domains } = await call<{ domains: { hostname: string }[] }>(
    'GET',
    `/v1/tenants/${merchant.id}/domains`,
  )
  expect(domains.map(({ hostname }) => hostname)).toEqual([other])
})

test('a merchant is rejected with a reason, and is gone from the list', async ({ page }) => {
  const merchant = await waiting('Unwanted Store')
  await go(page, '#/approvals')
  await page.getByRole('button', { name: `Reject ${merchant.name}` }).click()
  await page.getByLabel('Reason').fill('they do not answer')
  await page.getByRole('dialog').getByRole('button', { name: 'Reject' }).click()
  await expect(page.getByRole('row', { name: merchant.name })).toHaveCount(0)
  expect(await tenant(merchant.id)).toMatchObject({ status: 'deleted' })
})

test('a signup is on the page by itself', async ({ page }) => {
  await go(page, '#/approvals')
  await expect(page.getByRole('heading', { name: 'Pending merchants' })).toBeVisible()
  await page.waitForLoadState('domcontentloaded')
  const merchant = await waiting('New Store')
  await expect(page.getByRole('row', { name: merchant.name })).toBeVisible({ timeout: 3_000 })
})

// This deployment asks for one person alone, so the request is made up; what is shown of it is not.
test('who asks for a change is told that it takes another', async ({ page }) => {
  const request = {
    id: '01JD0000000000000000000000',
    tenant: 'acme-coffee-cb8908',
    wish: { delete: { grace_days: 14 } },
    who: 'admin',
    why: 'they left',
    subject: 'somebody',
    asked_at: '2026-11-22T10:00:00Z',
    until: '2026-11-29T10:00:00Z',
  }
  const refusal = { type: '', title: 'It takes two', status: 403, detail: 'somebody else has to approve it' }
  await page.route('**/v1/change-requests?**', route =>
    route.request().headers().accept === 'text/event-stream'
      ? route.abort()
      : route.fulfill({ json: { change_requests: [request] } }),
  )
  await page.route('**/v1/change-requests/*/approve', route =>
    route.fulfill({ status: 403, contentType: 'application/problem+json', body: JSON.stringify(refusal) }),
  )
  await go(page, '#/approvals')
  const row = page.getByRole('row', { name: request.tenant })
  await expect(row).toContainText('Delete it in 14 days.')
  await row.getByRole('button', { name: /Grant/ }).click()
  await page.getByLabel('Reason').fill('fine by me')
  await page.getByRole('dialog').getByRole('button', { name: 'Grant' }).click()
  await expect(page.getByRole('alert')).toContainText('somebody else has to approve it')
})

test('the page and its dialog are accessible', async ({ page }) => {
  const merchant = await waiting('Seen Store')
  await go(page, '#/approvals')
  const activate = page.getByRole('button', { name: `Activate ${merchant.name}` })
  await expect(activate).toBeVisible()
  await accessible(page)
  await activate.click()
  await expect(page.getByRole('dialog').getByLabel('Reason')).toBeVisible()
  await accessible(page)
})

test.describe('an operator', () => {
  test.use({ role: null })
  test('sees who waits, and is not offered what an admin may', async ({ page }) => {
    const merchant = await waiting('Watched Store')
    await signIn(page, of('operator'), '#/approvals')
    await expect(page.getByRole('row', { name: merchant.name })).toBeVisible()
    await expect(page.getByRole('button', { name: /^(Activate|Reject)/ })).toHaveCount(0)
  })
})

/** Somebody signs up, and waits. */
async function waiting(name: string, more: Record<string, unknown> = {}): Promise<Tenant> {
  const mark = random()
  const { tenant } = await call<{ tenant: Tenant }>('POST', '/v1/tenants', {
    name: `${name} ${mark}`,
    email: `owner@${mark}.example.com`,
    blueprint: 'merchant-workspace',
    plan: GATED,
    ...(!more.blueprint && { theme: 'upfront-classic', category: 'books', integrations: ['stripe'] }),
    ...more,
  })
  expect(tenant.status).toBe('pending_approval')
  return tenant
}

function tenant(id: string): Promise<Tenant> {
  return call('GET', `/v1/tenants/${id}`)
}

/** A radio button is behind what is seen of it. */
async function pick(page: Page, name: string): Promise<void> {
  await page.getByRole('radio', { name }).locator('xpath=ancestor::label').click()
  await expect(page.getByRole('radio', { name })).toBeChecked()
}

/** Changes what a blueprint is sold with; others may change it at the same time. */
async function sell(name: string, plans: (before: string[]) => string[]): Promise<void> {
  for (;;) {
    const read = await fetch(`${stack.api}/v1/blueprints/${name}`, {
      headers: { authorization: `Bearer ${stack.token}` },
    })
    const { plans: before } = (await read.json()) as { plans: string[] }
    const done = await fetch(`${stack.api}/v1/blueprints/${name}`, {
      method: 'PATCH',
      headers: {
        authorization: `Bearer ${stack.token}`,
        'content-type': 'application/json',
        'if-match': read.headers.get('etag')!,
      },
      body: JSON.stringify({ reason: 'a test', plans: plans(before) }),
    })
    if (done.ok) return
    if (done.status !== 412) throw new Error(`PATCH of ${name} answered ${done.status}: ${await done.text()}`)
  }
}
