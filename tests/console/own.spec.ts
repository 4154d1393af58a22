import { readFile } from 'node:fs/promises'

import { accessible } from './accessible'
import { call, random } from './api'
import { expect, signIn, test } from './console'
import { inject } from './faults'
import { owner } from './people'
import { accepted, active, tenant as read } from './tenants'

test.use({ role: null })

test('whoever signed up watches it being made, until it is open', async ({ page }) => {
  test.slow()
  const name = `t${random()}${random()}`
  const slow = { acts: ['create'], contains: name, kind: 'slow', ms: 8_000 } as const
  const lift = await inject({ function: 'merchant-publish-website', ...slow })
  const { id, operation } = await accepted({ name, subdomain: name })
  await signIn(page, await owner(id))
  await expect(page.getByRole('heading', { level: 1, name })).toBeVisible()
  await expect(page.getByText('We are setting everything up for you')).toBeVisible()
  await expect(page.getByRole('progressbar')).toHaveAttribute('aria-valuenow', /\d+/)
  await expect(page.getByRole('listitem').filter({ hasText: 'Publish website' })).toContainText(
    /to come|under way/,
  )
  await expect(page.getByRole('link', { name: 'How long it will take' })).toHaveAttribute(
    'href',
    `#/operations/${operation}`,
  )
  await accessible(page)
  await lift()
  // Nobody reloads.
  await expect(page.locator('.page-title').getByText('open')).toBeVisible({ timeout: 60_000 })
  await expect(page.getByRole('progressbar')).toHaveCount(0)
  for (const address of Object.values((await read(id)).endpoints ?? {})) {
    if (address.startsWith('http')) await expect(page.getByRole('link', { name: address })).toBeVisible()
  }
})

test('the plan is changed once it was seen what that means', async ({ page }) => {
  test.slow()
  const { id } = await active()
  await signIn(page, await owner(id))
  const plan = page.getByRole('region', { name: 'Your plan' })
  await expect(plan).toContainText('Starter')
  await plan.getByRole('button', { name: 'Change plan' }).click()
  const dialog = page.getByRole('dialog', { name: 'Change your plan' })
  await dialog.getByRole('radio', { name: 'Professional' }).locator('xpath=ancestor::label').click()
  await expect(dialog.getByText('You can have it')).toBeVisible()
  await expect(dialog.getByText(/You pay \$79.99 monthly/)).toBeVisible()
  expect((await read(id)).plan).toBe('starter')
  await accessible(page)
  await dialog.getByLabel('A word on why').fill('we grow')
  await dialog.getByRole('button', { name: 'Change plan' }).click()
  await expect(plan).toContainText('Professional', { timeout: 60_000 })
  await expect
    .poll(() => read(id), { timeout: 60_000 })
    .toMatchObject({ plan: 'professional', status: 'active' })
})

test('a plan that is too small is not to be had, and why is said', async ({ page }) => {
  test.slow()
  const { id } = await active({ plan: 'professional' })
  await call('PUT', `/v1/tenants/${id}/usage`, { products: 101 })
  await signIn(page, await owner(id))
  await page.getByRole('button', { name: 'Change plan' }).click()
  const dialog = page.getByRole('dialog', { name: 'Change your plan' })
  await dialog.getByRole('radio', { name: 'Starter' }).locator('xpath=ancestor::label').click()
  await expect(dialog.getByText('You cannot have it yet')).toBeVisible()
  await dialog.getByLabel('A word on why').fill('it is dear')
  await expect(dialog.getByRole('button', { name: 'Change plan' })).toBeDisabled()
})

test('a domain says exactly what to publish, and how far it is', async ({ page }) => {
  test.slow()
  const { id } = await active({ blueprint: 'neon-cloud-run' })
  await signIn(page, await owner(id))
  const panel = page.getByRole('region', { name: 'Your own domain' })
  await panel.getByRole('button', { name: 'Add a domain' }).click()
  const hostname = `shop.${random()}.example.com`
  await page.getByLabel('Domain', { exact: true }).fill(hostname)
  await page.getByRole('dialog').getByRole('button', { name: 'Add' }).click()
  const dialog = page.getByRole('dialog', { name: `${hostname} is waited for` })
  await expect(dialog).toBeVisible()
  const { domains } = await call<{ domains: { records: Record<'type' | 'name' | 'value', string>[] }[] }>(
    'GET',
    `/v1/tenants/${id}/domains`,
  )
  const record = domains[0]!.records[0]!
  for (const said of Object.values(record))
    await expect(dialog.getByText(said, { exact: true })).toBeVisible()
  await dialog.getByRole('button', { name: 'Close' }).click()
  await expect(panel.getByText('waiting for you').or(panel.getByText('being connected'))).toBeVisible()
  await expect(panel.getByRole('listitem').filter({ hasText: /^Your domain leads to us/ })).toContainText(
    'not',
  )
  await expect(panel.getByText(record.value, { exact: true }).first()).toBeVisible()
  await accessible(page)
})

test('the data is downloaded, it is cancelled, and kept after all', async ({ page }) => {
  test.slow()
  const { id, name } = await active()
  await signIn(page, await owner(id))
  const downloading = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download' }).click()
  const download = await downloading
  expect(download.suggestedFilename()).toBe(`${id}.json`)
  expect(await readFile(await download.path(), 'utf8')).toContain(id)

  await page.getByRole('button', { name: 'Cancel', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: `Cancel ${name}` })
  await dialog.getByLabel('Days to change your mind').fill('60')
  await expect(dialog.getByRole('button', { name: 'Cancel it' })).toBeDisabled()
  await dialog.getByLabel('Why are you leaving?').fill('we close the shop')
  await dialog.getByRole('button', { name: 'Cancel it' }).click()
  await expect(page.getByText('You have cancelled')).toBeVisible()
  expect(await read(id)).toMatchObject({ status: 'cancelling' })
  await accessible(page)

  await page.getByRole('button', { name: 'Keep it after all' }).click()
  await page.getByRole('dialog').getByLabel('A word on why').fill('we stay')
  await page.getByRole('dialog').getByRole('button', { name: 'Keep it' }).click()
  await expect(page.getByText('You have cancelled')).toHaveCount(0)
  expect(await read(id)).toMatchObject({ status: 'active' })
})

test('an owner is shown nothing of others, and nothing that is the operators’', async ({ page }) => {
  const tenant = await accepted()
  await signIn(page, await owner(tenant.id), '#/tenants')
  await expect(page.getByRole('heading', { level: 1, name: tenant.name })).toBeVisible()
  await expect(page.getByRole('navigation', { name: 'Pages' })).toHaveCount(0)
  await expect(page.getByRole('main')).toContainText('Your plan')
  await expect(page.getByRole('main')).not.toContainText(/tenant|blueprint|ledger|compensat/i)
})
