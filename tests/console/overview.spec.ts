import { accessible } from './accessible'
import { call } from './api'
import { expect, go, test } from './console'
import { inject } from './faults'
import { accepted, active, type Tenant, until } from './tenants'

interface Overview {
  tenants: Record<string, number>
  provisioning: { succeeded: number; failed: number; success_rate: number; days: { day: string }[] }
}

/** The figures follow within seconds, and then the page. */
const FOLLOWS = { timeout: 20_000 }

const PUBLISH = 'merchant-publish-website'

test('a failed tenant is counted, and what needs a person leads to it', async ({ page }) => {
  test.slow()
  const [failed] = await Promise.all([broken(), active()])
  await go(page, '#/')
  const need = page.getByRole('row', { name: failed.name })
  await expect(need).toContainText(PUBLISH, FOLLOWS)
  await expect(page.getByRole('group', { name: /Failures/ }).getByRole('row', { name: PUBLISH })).toBeVisible(
    FOLLOWS,
  )

  const { provisioning } = await call<Overview>('GET', '/v1/overview')
  const { succeeded, failed: failures } = provisioning
  await expect(page.getByText(`${succeeded} of ${succeeded + failures}`)).toBeVisible(FOLLOWS)
  await expect(page.getByText(/^\d+(\.\d)?%$/)).toBeVisible()

  await need.getByRole('link', { name: 'Retry or delete' }).click()
  await expect(page.getByRole('heading', { name: failed.name, level: 1 })).toBeVisible()
  await page.goBack()
  await page
    .getByRole('link', { name: /failed/ })
    .first()
    .click()
  await expect(page).toHaveURL(/#\/tenants\?status=failed$/)
  await expect(page.getByRole('row', { name: failed.name })).toBeVisible()
})

test('the page follows what happens, and nobody reloads', async ({ page }) => {
  test.slow()
  await active()
  await go(page, '#/')
  // Of the tenants that are over, those that came to life: that only grows.
  const succeeded = async () => Number((await page.getByText(/^\d+ of \d+$/).textContent())?.split(' ')[0])
  const before = await succeeded()
  await active()
  await expect.poll(succeeded, FOLLOWS).toBeGreaterThan(before)
})

test('the drawings are told in words and as a table', async ({ page }) => {
  test.slow()
  await active()
  await go(page, '#/')
  const drawing = page.getByRole('img', { name: 'Made each day' })
  await expect(drawing).toBeVisible(FOLLOWS)
  await expect(drawing).toContainText(/\d+ succeeded/)
  await expect(page.getByRole('img', { name: 'Time to active each day' })).toBeVisible()
  await page.getByText('The same as a table').click()
  const { provisioning } = await call<Overview>('GET', '/v1/overview')
  const today = provisioning.days.at(-1)!.day
  const row = page.getByRole('row', { name: today })
  await expect(row).toBeVisible()
  await expect(row).toContainText(/\d+(\.\d)? (s|min|ms)/)
})

test('where there is no tenant yet, it is told how the first one comes', async ({ page }) => {
  const { provisioning } = await call<Overview>('GET', '/v1/overview')
  const none = { p50: null, p95: null }
  // This stack has some.
  const empty = {
    tenants: { active: 0, failed: 0 },
    provisioning: {
      ...provisioning,
      succeeded: 0,
      failed: 0,
      success_rate: null,
      time_to_active_ms: none,
      days: provisioning.days.map(({ day }) => ({ day, succeeded: 0, failed: 0, ...none })),
    },
    failures_by_step: [],
    needs_a_person: [],
  }
  await page.route('**/v1/overview', route =>
    route.request().headers().accept === 'text/event-stream' ? route.abort() : route.fulfill({ json: empty }),
  )
  await page.reload()
  await expect(page.getByText('There are no tenants yet.')).toBeVisible()
  await expect(page.getByRole('link', { name: 'What a sign-up says' })).toHaveAttribute('href', /\/v1\/docs$/)
  await expect(page.getByText('Nothing: it all goes by itself.')).toBeVisible()
  await accessible(page)
})

test('the page is accessible', async ({ page }) => {
  test.slow()
  await active()
  await go(page, '#/')
  await expect(page.getByRole('img', { name: 'Made each day' })).toBeVisible(FOLLOWS)
  await page.getByText('The same as a table').click()
  await accessible(page)
})

/** A tenant whose website cannot be published, and whose rest is undone. */
async function broken(): Promise<Tenant> {
  const mark = `b${Math.random().toString(36).slice(2, 10)}`
  const lift = await inject({ function: PUBLISH, acts: ['create'], contains: mark, kind: 'deny' })
  try {
    const { id } = await accepted({ name: `Broken ${mark}`, subdomain: mark })
    return await until(id, 'failed')
  } finally {
    await lift()
  }
}
