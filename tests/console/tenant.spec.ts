import { readFile } from 'node:fs/promises'

import type { Page } from '@playwright/test'

import { accessible } from './accessible'
import { call, random } from './api'
import { expect, go, signIn, test } from './console'
import { inject } from './faults'
import { of } from './people'
import { accepted, active, PATIENCE, tenant, type Tenant, until } from './tenants'

test.use({ role: 'admin' })
test.slow()

/** Whatever is committed is on the page by then, on a machine that has much else to do. */
const FOLLOWS = { timeout: 5_000 }

interface Domain {
  hostname: string
  state: string
  records: { type: string; name: string; value: string }[]
}

test('what a tenant is, how it is and what was done to it', async ({ page }) => {
  const it = await active()
  await open(page, it)
  await expect(state(page)).toHaveText('active')
  const about = panel(page, 'About')
  await expect(about).toContainText(it.subdomain)
  await expect(about.getByRole('link', { name: it.email })).toBeVisible()
  await expect(about).toContainText(`${it.blueprint.name} v${it.blueprint.version}`)
  const { endpoints } = await call<{ endpoints: Record<string, string> }>('GET', `/v1/tenants/${it.id}`)
  for (const address of Object.values(endpoints).filter(address => address.startsWith('http'))) {
    await expect(panel(page, 'Endpoints').getByRole('link', { name: address })).toHaveAttribute(
      'href',
      address,
    )
  }
  const { parts } = await call<{ parts: { step: string; health: string }[] }>(
    'GET',
    `/v1/tenants/${it.id}/health`,
  )
  for (const { step, health } of parts) {
    await expect(panel(page, 'Health').getByRole('row', { name: step })).toContainText(health)
  }
  await panel(page, 'Operations').getByRole('link', { name: 'provision' }).click()
  await expect(page).toHaveURL(new RegExp(`#/tenants/${it.id}/operations/`))
})

test('a tenant is suspended and resumed, and the page follows without a reload', async ({ page }) => {
  const it = await active()
  await open(page, it)
  await page.evaluate(() => Object.assign(window, { stays: true }))
  await act(page, 'Suspend', 'they have not paid')
  await expect(state(page)).toHaveText('suspended', FOLLOWS)
  await expect(page.getByText('Watch it')).toBeVisible(FOLLOWS)
  await until(it.id, 'suspended')
  await expect(page.getByText('Watch it')).toHaveCount(0, FOLLOWS)
  const row = panel(page, 'Audit log').getByRole('row', { name: 'suspend' })
  await expect(row).toContainText('they have not paid')
  await expect(row).toContainText('status: active → suspended')

  await menu(page)
  await expect(page.getByRole('menuitem', { name: 'Suspend' })).toHaveCount(0)
  await page.getByRole('menuitem', { name: 'Resume' }).click()
  await confirm(page, 'Resume', 'they have')
  await until(it.id, 'active')
  await expect(state(page)).toHaveText('active', FOLLOWS)
  expect(await page.evaluate(() => 'stays' in window)).toBe(true)
})

test('what is under way is on the page, and leads to where it is watched', async ({ page }) => {
  const mark = `s${random()}`
  const lift = await inject({
    function: 'merchant-publish-website',
    acts: ['create'],
    contains: mark,
    kind: 'slow',
    ms: 8_000,
  })
  const it = await accepted({ name: `Slow ${mark}`, subdomain: mark })
  await open(page, it)
  await expect(state(page)).toHaveText('provisioning')
  await expect(page.getByRole('progressbar')).toHaveAttribute('aria-valuenow', /^[1-9]\d?$/, {
    timeout: 20_000,
  })
  await expect(page.getByRole('link', { name: 'Watch it' })).toHaveAttribute(
    'href',
    `#/tenants/${it.id}/operations/${it.operation}`,
  )
  await lift()
  await until(it.id, 'active')
  await expect(page.getByRole('progressbar')).toHaveCount(0, FOLLOWS)
})

test('another plan is looked at before it is taken', async ({ page }) => {
  const it = await active({ plan: 'starter' })
  await open(page, it)
  await choose(page, 'Change plan')
  const dialog = page.getByRole('dialog')
  const change = dialog.getByRole('button', { name: 'Change', exact: true })
  await dialog.getByLabel('Reason').fill('they grow')
  // Nothing is to be different yet.
  await expect(change).toBeDisabled()
  await dialog.getByRole('button', { name: /Plan/ }).click()
  await page.getByRole('option', { name: /^Professional/ }).click()
  const preview = dialog.getByRole('region', { name: 'What it would do' })
  await expect(preview).toContainText('$79.99')
  await preview.getByText(/^\d+ steps?$/).click()
  await expect(preview.getByRole('row', { name: 'merchant-publish-website' })).toBeVisible()
  expect((await tenant(it.id)).plan).toBe('starter')
  await change.click()
  await expect(dialog).toHaveCount(0)
  await until(it.id, 'active')
  expect((await tenant(it.id)).plan).toBe('professional')
  await expect(panel(page, 'About')).toContainText('Professional', FOLLOWS)
})

test('what it was signed up with is edited; what would be refused is said beside its field', async ({
  page,
}) => {
  const it = await active({ theme: 'upfront-classic' })
  await open(page, it)
  await choose(page, 'Edit')
  const dialog = page.getByRole('dialog')
  const name = `Renamed ${random()}`
  await expect(dialog.getByLabel('Name')).toBeFocused()
  await dialog.getByLabel('E-mail').fill('nobody')
  await dialog.getByLabel('Reason').fill('they have a new name')
  await expect(dialog.getByText('It would be refused')).toBeVisible()
  await expect(dialog.getByRole('button', { name: 'Save' })).toBeDisabled()
  await dialog.getByLabel('E-mail').fill(it.email)
  await dialog.getByLabel('Name').fill(name)
  await dialog.getByRole('radio', { name: 'Upfront Modern' }).locator('xpath=ancestor::label').click()
  await dialog.getByRole('button', { name: 'Save' }).click()
  await expect(dialog).toHaveCount(0)
  await until(it.id, 'active')
  expect(await tenant(it.id)).toMatchObject({ name, theme: 'upfront-modern' })
  await expect(page.getByRole('heading', { name, level: 1 })).toBeVisible(FOLLOWS)
})

test('what is locked or held is not deleted until somebody takes that off', async ({ page }) => {
  const it = await active()
  await open(page, it)
  await act(page, 'Lock against deletion', 'it is the big one')
  await expect(page.getByText('It is locked against deletion')).toBeVisible()
  await expect(page.getByText('it is the big one').first()).toBeVisible()
  await menu(page)
  await expect(page.getByRole('menuitem', { name: 'Unlock' })).toBeVisible()
  await expect(page.getByRole('menuitem', { name: /Delete|deletion$/ })).toHaveCount(0)
  await page.keyboard.press('Escape')

  // Somebody else, meanwhile.
  await call('POST', `/v1/tenants/${it.id}/hold`, { reason: 'a court asks' })
  await expect(page.getByText('a court asks').first()).toBeVisible(FOLLOWS)
  await page.getByRole('button', { name: 'Release the hold' }).click()
  await confirm(page, 'Release', 'it does not any more')
  await page.getByRole('button', { name: 'Unlock' }).click()
  await confirm(page, 'Unlock', 'they leave')
  await expect(page.getByText('It is locked against deletion')).toHaveCount(0)
  const { hold, deletion_lock } = await tenant(it.id)
  expect({ hold, deletion_lock }).toEqual({})
})

test('a cancelled tenant says until when it can be restored, and is', async ({ page }) => {
  const it = await active()
  await open(page, it)
  await choose(page, 'Delete')
  const dialog = page.getByRole('dialog')
  const days = dialog.getByLabel('Days in which it can be restored')
  await expect(days).toHaveValue('30')
  await days.fill('200')
  await days.blur()
  await confirm(page, 'Delete', 'they said so')
  await expect(state(page)).toHaveText('cancelling', FOLLOWS)
  await expect(page.getByText('It is cancelled')).toBeVisible()
  expect((await tenant(it.id)).grace?.was).toBe('active')
  await page.getByRole('button', { name: 'Restore' }).click()
  await confirm(page, 'Restore', 'they changed their mind')
  await expect(state(page)).toHaveText('active', FOLLOWS)
  expect((await tenant(it.id)).grace).toBeUndefined()
})

test('what nothing brings back has to be typed', async ({ page }) => {
  const it = await active()
  await open(page, it)
  await choose(page, 'Delete')
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Days in which it can be restored').fill('0')
  await dialog.getByLabel('Days in which it can be restored').blur()
  await expect(dialog.getByText('Nothing brings it back.')).toBeVisible()
  await dialog.getByRole('button', { name: 'Close' }).click()

  await choose(page, 'Force deletion')
  await dialog.getByLabel('Reason').fill('its account is closed')
  const force = dialog.getByRole('button', { name: 'Delete by force' })
  await expect(force).toBeDisabled()
  await dialog.getByLabel(`Type ${it.subdomain} to confirm`).fill(it.subdomain)
  await force.click()
  await until(it.id, 'deleted')
  await expect(state(page)).toHaveText('deleted', FOLLOWS)
  await expect(page.getByRole('button', { name: 'Actions' })).toHaveCount(0)
})

test('of a tenant that is gone there is an archive and a signed certificate', async ({ page }) => {
  const it = await active()
  await call('DELETE', `/v1/tenants/${it.id}`, { reason: 'they leave', grace_days: 1 })
  await until(it.id, 'deleted')
  await open(page, it)
  await expect(panel(page, 'Archive')).toContainText('Kept until')
  const certificate = panel(page, 'Certificate of deletion')
  await expect(certificate.getByRole('row', { name: 'merchant-publish-website' })).toBeVisible()
  const saving = page.waitForEvent('download')
  await certificate.getByRole('button', { name: 'Save the signed one' }).click()
  const saved = await saving
  expect(saved.suggestedFilename()).toBe(`${it.id}.jws`)
  const { jws } = await call<{ jws: string }>('GET', `/v1/tenants/${it.id}/certificate`)
  expect(await readFile(await saved.path(), 'utf8')).toBe(jws)
})

test('a domain of its own tells the record to publish, and goes again', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  const it = await active({ blueprint: 'neon-cloud-run' })
  await open(page, it)
  const domains = panel(page, 'Domains')
  await expect(domains).toContainText('It has none of its own.')
  await domains.getByRole('button', { name: 'Add a domain' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Domain').fill('not a domain')
  await dialog.getByRole('button', { name: 'Add' }).click()
  await expect(dialog.getByLabel('Domain')).toHaveAttribute('aria-invalid', 'true')
  const hostname = `shop.${random()}.example.org`
  await dialog.getByLabel('Domain').fill(hostname)
  await dialog.getByRole('button', { name: 'Add' }).click()
  await expect(dialog.getByRole('heading', { name: `${hostname} is waited for` })).toBeVisible()
  const { domains: has } = await told(it)
  const record = has[0]!.records[0]!
  await expect(dialog.getByRole('row', { name: record.type })).toContainText(record.value)
  await dialog.getByRole('button', { name: 'Close' }).click()

  await expect(domains.getByRole('heading', { name: hostname })).toBeVisible()
  await domains
    .getByRole('button', { name: `Copy the value of the ${record.type} record` })
    .first()
    .click()
  await expect(domains.getByText('Copied').first()).toBeVisible()
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(record.value)

  await domains.getByRole('button', { name: `Remove ${hostname}` }).click()
  await confirm(page, 'Remove', 'they sold it')
  await expect(domains).toContainText('It has none of its own.', { timeout: PATIENCE })
  expect((await told(it)).domains).toEqual([])
})

test('a failed tenant says why and who must act, and is retried', async ({ page }) => {
  const mark = `f${random()}`
  const lift = await inject({
    function: 'merchant-publish-website',
    acts: ['create'],
    contains: mark,
    kind: 'deny',
  })
  const it = await accepted({ name: `Failing ${mark}`, subdomain: mark })
  await until(it.id, 'failed')
  await lift()
  await open(page, it)
  const alert = page.getByRole('alert').filter({ hasText: 'It failed' })
  await expect(alert).toContainText('merchant-publish-website')
  await expect(alert).toContainText('Who must act')
  await alert.getByRole('button', { name: 'Retry' }).click()
  await confirm(page, 'Retry', 'the provider is back')
  await until(it.id, 'active')
  await open(page, it)
  await expect(state(page)).toHaveText('active')
})

test('everything that is held about it can be taken away as a file', async ({ page }) => {
  const it = await active()
  await open(page, it)
  const saving = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Export' }).click()
  const saved = await saving
  expect(saved.suggestedFilename()).toBe(`${it.id}.json`)
  expect(JSON.parse(await readFile(await saved.path(), 'utf8'))).toMatchObject({ tenant: { id: it.id } })
})

// This deployment asks for one person alone, so the answer is made up; what is made of it is not.
test('what takes two is asked for, and says so', async ({ page }) => {
  const it = await active()
  const request = {
    id: '01JD0000000000000000000000',
    tenant: it.id,
    wish: { delete: { grace_days: 30 } },
    who: 'admin',
    why: 'they left',
    subject: 'somebody',
    asked_at: new Date().toISOString(),
    until: new Date(Date.now() + 86_400_000).toISOString(),
  }
  const requests: object[] = []
  await page.route('**/v1/change-requests?**', route =>
    route.fulfill({ json: { change_requests: requests } }),
  )
  await page.route(`**/v1/tenants/${it.id}`, route => {
    if (route.request().method() !== 'DELETE') return route.continue()
    requests.push(request)
    return route.fulfill({ status: 202, json: { change_request: request } })
  })
  await page.route(`**/v1/tenants/${it.id}?dry_run=plan`, async route => {
    const answer = await route.fetch()
    const preview = await answer.json()
    preview.plan.approval = true
    return route.fulfill({ response: answer, json: preview })
  })
  await open(page, it)
  await choose(page, 'Delete')
  await expect(page.getByRole('dialog')).toContainText('Somebody else has to approve it')
  await expect(page.getByRole('checkbox', { name: /Break the glass/ })).not.toBeChecked()
  await confirm(page, 'Ask for it', 'they left')
  const notice = page.getByRole('status').filter({ hasText: 'waits for somebody else’s approval' })
  await expect(notice).toContainText('they left')
  await expect(notice.getByRole('link')).toHaveAttribute('href', '#/approvals')
  expect((await tenant(it.id)).status).toBe('active')
  await page.unrouteAll({ behavior: 'wait' })
})

test('a tenant that does not exist is told apart from one that cannot be read', async ({ page }) => {
  await go(page, '#/tenants/nobody-000000')
  await expect(page.getByText('There is no such tenant')).toBeVisible()
})

test.describe('by their role', () => {
  test.use({ role: null })

  test('a viewer sees everything and is offered nothing', async ({ page }) => {
    const it = await active()
    await signIn(page, of('viewer'), `#/tenants/${it.id}`)
    await expect(panel(page, 'Audit log')).toBeVisible()
    await expect(panel(page, 'Domains')).toBeVisible()
    await expect(page.getByRole('button', { name: /Actions|Export|Add a domain/ })).toHaveCount(0)
  })

  test('an operator has it checked and made read-only, and does not delete', async ({ page }) => {
    const it = await active()
    await signIn(page, of('operator'), `#/tenants/${it.id}`)
    await menu(page)
    await expect(page.getByRole('menuitem', { name: /Suspend|Delete|Change plan/ })).toHaveCount(0)
    await page.getByRole('menuitem', { name: 'Make read-only' }).click()
    await confirm(page, 'Make read-only', 'the second reminder')
    await expect(page.getByText('It is read-only')).toBeVisible(FOLLOWS)
    await until(it.id, 'active')
    expect((await tenant(it.id)).access).toBe('read_only')
    await act(page, 'Check and mend', 'to be sure')
    await until(it.id, 'active')
    await expect(panel(page, 'Audit log').getByRole('row', { name: 'check' })).toContainText('to be sure')
  })
})

test('the page and its dialogs are accessible', async ({ page }) => {
  const it = await active({ theme: 'upfront-modern' })
  await open(page, it)
  await expect(panel(page, 'Audit log')).toContainText('Nobody has done anything')
  await accessible(page)
  for (const name of ['Change plan', 'Edit', 'Delete', 'Suspend']) {
    await choose(page, name)
    await expect(page.getByRole('dialog').getByLabel('Reason')).toBeVisible()
    await accessible(page)
    await page.keyboard.press('Escape')
    await expect(page.getByRole('dialog')).toHaveCount(0)
    // Whoever works by keyboard is where they were.
    await expect(page.getByRole('button', { name: 'Actions' })).toBeFocused()
  }
})

async function open(page: Page, { id, name }: Tenant): Promise<void> {
  await go(page, `#/tenants/${id}`)
  await expect(page.getByRole('heading', { name, level: 1 })).toBeVisible()
}

function panel(page: Page, name: string) {
  return page.getByRole('region', { name, exact: true })
}

/** What it is, beside its name. */
function state(page: Page) {
  return page.locator('.page-title .state')
}

async function menu(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Actions' }).click()
}

async function choose(page: Page, action: string): Promise<void> {
  await menu(page)
  await page.getByRole('menuitem', { name: action, exact: true }).click()
}

async function confirm(page: Page, verb: string, reason: string): Promise<void> {
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Reason').fill(reason)
  await dialog.getByRole('button', { name: verb, exact: true }).click()
  await expect(dialog).toHaveCount(0)
}

async function act(page: Page, action: string, reason: string): Promise<void> {
  await choose(page, action)
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Reason').fill(reason)
  await dialog.getByLabel('Reason').press('Enter')
  await expect(dialog).toHaveCount(0)
}

function told({ id }: Tenant): Promise<{ domains: Domain[] }> {
  return call('GET', `/v1/tenants/${id}/domains`)
}
