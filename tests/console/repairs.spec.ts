import { accessible } from './accessible'
import { call } from './api'
import { expect, go, signIn, test } from './console'
import { janitor } from './emulator'
import { inject } from './faults'
import { of } from './people'
import { active } from './tenants'

const PUBLISH = 'merchant-publish-website'

test.use({ role: 'admin' })

test('what would not go is tried again by hand, and goes', async ({ page }) => {
  test.slow()
  const { id, lift } = await stuck()
  await go(page, '#/repairs')
  const row = page.getByRole('row', { name: id })
  await expect(row).toContainText(PUBLISH)
  await expect(row).toContainText('us')
  await row.locator('summary').click()
  await expect(row.getByText('Who must act')).toBeVisible()
  await accessible(page)

  await lift()
  await row.getByRole('button', { name: `Retry ${PUBLISH} of ${id}` }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Reason').fill('the policy is put right')
  await dialog.getByRole('button', { name: 'Retry' }).click()
  await expect(page.getByRole('link', { name: 'Watch it' })).toHaveAttribute(
    'href',
    new RegExp(`#/tenants/${id}/operations/`),
  )
  await expect(row).toHaveCount(0, { timeout: 60_000 })
  // Who works by keyboard is where it goes on, not at the top of a page that has lost their row.
  expect(await page.evaluate(() => document.activeElement?.textContent)).toContain('Watch it')
  expect(await tasks(id)).toEqual([])
})

test('what somebody vouches for is taken off the ledger', async ({ page }) => {
  test.slow()
  const { id, lift } = await stuck()
  try {
    await go(page, '#/repairs')
    const row = page.getByRole('row', { name: id })
    await row.getByRole('button', { name: `Resolve ${PUBLISH} of ${id}` }).click()
    const dialog = page.getByRole('dialog')
    await expect(dialog).toContainText('by your word')
    await dialog.getByLabel('Reason').fill('removed in their console')
    await dialog.getByRole('button', { name: 'Resolve' }).click()
    await expect(row).toHaveCount(0, { timeout: 60_000 })
    await expect.poll(() => tasks(id)).toEqual([])
  } finally {
    await lift()
  }
})

test('a sweep is ordered, and what it found comes by itself', async ({ page }) => {
  test.slow()
  await go(page, '#/repairs')
  await page.getByRole('button', { name: 'Order a sweep' }).click()
  const dialog = page.getByRole('dialog', { name: 'Order a sweep for orphans' })
  await expect(dialog.getByLabel('At most')).toHaveCount(0)
  await dialog.getByText('Destroy what is found').click()
  await dialog.getByLabel('At most').fill('0')
  await dialog.getByLabel('Reason').fill('the weekly look')
  await dialog.getByRole('button', { name: 'Look and destroy' }).click()
  const outcome = page.getByRole('region', { name: 'What the sweep found', exact: true }).first()
  await expect(outcome).toContainText('It begins within a minute')
  const sweeps = () =>
    call<{ orphan_sweeps: { limit: number; dry_run: boolean; why: string }[] }>('GET', '/v1/orphan-sweeps')
  expect((await sweeps()).orphan_sweeps[0]).toMatchObject({
    limit: 0,
    dry_run: false,
    why: 'the weekly look',
  })
  await janitor()
  await expect(outcome.getByText('It begins within a minute')).toHaveCount(0, { timeout: 45_000 })
  await expect(outcome.getByText('Found', { exact: true })).toBeVisible()
  await accessible(page)
})

test.describe('a viewer', () => {
  test.use({ role: null })
  test('looks, and is offered nothing to do', async ({ page }) => {
    await signIn(page, of('viewer'), '#/repairs')
    await expect(page.getByRole('heading', { name: 'Sweeps for orphans' })).toBeVisible()
    await expect(page.getByRole('button', { name: /Retry|Resolve|Order/ })).toHaveCount(0)
  })
})

/** A tenant of which one thing would not go. */
async function stuck(): Promise<{ id: string; lift: () => Promise<void> }> {
  const { id } = await active()
  const lift = await inject({ function: PUBLISH, acts: ['destroy'], contains: id, kind: 'deny' })
  await call('POST', `/v1/tenants/${id}/force-delete`, { reason: 'a test asks for it' })
  await expect.poll(async () => (await tasks(id)).length, { timeout: 60_000 }).toBe(1)
  return { id, lift }
}

async function tasks(tenant: string): Promise<unknown[]> {
  const listing = await call<{ repair_tasks: { tenant: string }[] }>('GET', '/v1/repair-tasks?limit=100')
  return listing.repair_tasks.filter(task => task.tenant === tenant)
}
