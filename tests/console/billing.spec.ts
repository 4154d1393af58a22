import { createHmac } from 'node:crypto'

import { accessible } from './accessible'
import { call, random } from './api'
import { expect, go, signIn, test } from './console'
import { of } from './people'
import { stack } from './stack'

test('what cannot be dealt with is seen and replayed, and still cannot', async ({ page }) => {
  const bought = subscription()
  await said(bought.event(0, 'customer.subscription.created', { id: 'no id at all' }))
  const dead = () => call<{ events: { id: string }[] }>('GET', '/v1/billing-events/dead')
  const waits = () => expect.poll(async () => (await dead()).events.some(it => it.id === bought.eventId(0)))
  await waits().toBe(true)

  await go(page, '#/billing')
  const events = page.getByRole('region', { name: 'Dead events' })
  await expect(events.getByRole('row', { name: bought.eventId(0) })).toContainText(
    'customer.subscription.created',
  )
  await page.getByRole('button', { name: 'Replay' }).click()
  const dialog = page.getByRole('dialog', { name: 'Replay the dead events' })
  await expect(dialog.getByRole('button', { name: 'Replay' })).toBeDisabled()
  await dialog.getByLabel('Reason').fill('the price is mapped to a plan now')
  await dialog.getByRole('button', { name: 'Replay' }).click()
  await expect(page.getByRole('status').filter({ hasText: 'tried again' })).toContainText(
    /\d+ events? (is|are)/,
  )
  // It is as unreadable as before.
  await waits().toBe(true)
  await page.getByRole('button', { name: 'Look again' }).click()
  await expect(events.getByRole('row', { name: bought.eventId(0) })).toBeVisible()
})

test('what is heard of a subscription is on the page as it is said', async ({ page }) => {
  test.slow()
  const bought = subscription()
  await said(bought.event(0, 'charge.succeeded', {}))
  await said(bought.terms(1, 'active', 'starter'))
  const account = () =>
    call<{ tenant?: string }>('GET', `/v1/subscriptions/${bought.id}`).catch(() => ({}) as never)
  await expect.poll(async () => (await account()).tenant, { timeout: 30_000 }).toBeTruthy()
  const { tenant } = await account()

  await go(page, '#/billing')
  await expect(page.getByRole('row', { name: bought.eventId(0) })).toContainText('charge.succeeded')
  await page.getByRole('textbox', { name: 'Subscription' }).fill(bought.id)
  await page.getByRole('button', { name: 'Look up' }).click()
  const found = page.getByRole('region', { name: 'Look up a subscription' })
  await expect(found.getByRole('link', { name: tenant! })).toBeVisible()
  await expect(found.getByRole('definition').getByText('active', { exact: true })).toBeVisible()
  await expect(found.getByRole('row', { name: 'plan bought' })).toContainText('starter')
  await accessible(page)

  await said(bought.terms(10, 'past_due', 'starter'))
  await expect(found.getByRole('definition').getByText('past due', { exact: true })).toBeVisible()
  // A link to it leads to the same.
  await page.reload()
  await expect(found.getByRole('link', { name: tenant! })).toBeVisible()
})

test('a subscription that nobody has heard of is told to be one', async ({ page }) => {
  await go(page, '#/billing?subscription=sub_nobody')
  await expect(page.getByText('Nothing was heard of a subscription sub_nobody.')).toBeVisible()
})

test.describe('a viewer', () => {
  test.use({ role: null })
  test('looks, and is not offered to replay', async ({ page }) => {
    await signIn(page, of('viewer'), '#/billing')
    await expect(page.getByRole('heading', { name: 'Dead events' })).toBeVisible()
    await expect(page.getByRole('button', { name: 'Replay' })).toHaveCount(0)
  })
})

/** A subscription at Stripe, for a store that nobody has. */
function subscription() {
  const name = `t${random()}${random()}`
  const [id, begins] = [`sub_${name}`, Math.floor(Date.now() / 1000)]
  const eventId = (second: number) => `evt_${name}_${second}`
  const event = (second: number, type: string, object: object) => ({
    id: eventId(second),
    object: 'event',
    type,
    livemode: false,
    created: begins + second,
    data: { object },
  })
  const terms = (second: number, status: string, price: string) => {
    const type = second > 1 ? 'updated' : 'created'
    return event(second, `customer.subscription.${type}`, {
      id,
      object: 'subscription',
      status,
      ended_at: null,
      items: { object: 'list', data: [{ price: { id: price }, current_period_end: begins + 2_592_000 }] },
      metadata: { tenant_name: name, email: `owner@${name}.example` },
    })
  }
  return { id, eventId, event, terms }
}

/** The biller says it, as it does: signed. */
async function said(event: object): Promise<void> {
  const [body, at] = [JSON.stringify(event), Math.floor(Date.now() / 1000)]
  const signature = createHmac('sha256', stack.stripe).update(`${at}.${body}`).digest('hex')
  const answer = await fetch(`${stack.api}/v1/billing/stripe`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'stripe-signature': `t=${at},v1=${signature}` },
    body,
  })
  expect(answer.status).toBe(200)
}
