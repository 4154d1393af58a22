import { createHmac } from 'node:crypto'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

import { accessible } from './accessible'
import { call, random } from './api'
import { expect, go, signIn, test } from './console'
import { of } from './people'
import { stack } from './stack'

test.use({ role: 'admin' })

test('it says who one is, and which deployment this is', async ({ page }) => {
  await go(page, '#/settings')
  await expect(page.getByRole('region', { name: 'You' })).toContainText('admin')
  const deployment = page.getByRole('region', { name: 'Deployment' })
  await expect(deployment).toContainText(stack.deployment)
  await expect(deployment.getByText('/v1')).toBeVisible()
  const docs = await deployment.getByRole('link', { name: /description/ }).getAttribute('href')
  expect((await fetch(docs!)).status).toBe(200)
  await accessible(page)
})

test('a webhook is added, told, put right and taken away', async ({ page }) => {
  test.slow()
  const endpoint = await listen()
  try {
    await go(page, '#/settings')
    await page.getByRole('button', { name: 'Add a webhook' }).click()
    const form = page.getByRole('dialog', { name: 'Add a webhook' })
    await form.getByLabel('Address').fill('ftp://nowhere')
    await form.getByRole('button', { name: 'Add' }).click()
    await expect(form.getByLabel('Address')).toHaveAttribute('aria-invalid', 'true')
    await expect(form.getByLabel('Address')).toBeFocused()
    await form.getByLabel('Address').fill(endpoint.url)
    await form.getByText('tenant activated').click()
    await form.getByRole('button', { name: 'Add' }).click()
    const told = page.getByRole('dialog', { name: 'The webhook’s secret' })
    const secret = (await told.locator('code').innerText()).trim()
    expect(secret).toMatch(/^whsec_/)
    await told.getByRole('button', { name: 'I have kept it' }).click()
    await expect(page.getByText(secret)).toHaveCount(0)

    await page.getByRole('link', { name: endpoint.url }).click()
    await expect(page.getByRole('heading', { level: 1, name: endpoint.url })).toBeVisible()
    await send(page)
    const delivery = page.getByRole('dialog', { name: 'webhook test' })
    await expect(delivery.getByText('delivered')).toBeVisible({ timeout: 30_000 })
    await expect(delivery.getByRole('row', { name: '200' })).toBeVisible()
    expect(isSigned(endpoint.heard.at(-1)!, secret)).toBe(true)
    await accessible(page)
    await page.keyboard.press('Escape')

    await test.step('what it would not take is sent again', async () => {
      endpoint.answer(500)
      await send(page)
      await expect(delivery.getByText('dead', { exact: true })).toBeVisible({ timeout: 30_000 })
      await expect(delivery.getByRole('row', { name: '500' })).toBeVisible()
      endpoint.answer(200)
      await delivery.getByLabel('Reason to send it again').fill('they are back')
      await delivery.getByRole('button', { name: 'Send it again' }).click()
      await expect(delivery.getByText('delivered')).toBeVisible({ timeout: 30_000 })
      await page.keyboard.press('Escape')
      const deliveries = page.getByRole('region', { name: 'Deliveries', exact: true }).first()
      await expect(deliveries.getByRole('button', { name: /webhook test, delivered/ })).toHaveCount(2)
    })

    await test.step('another secret signs from then on', async () => {
      await act(page, 'Rotate the secret')
      const dialog = page.getByRole('dialog', { name: 'Rotate the secret' })
      await dialog.getByLabel(/^Hours/).fill('0')
      await dialog.getByLabel('Reason').fill('the yearly change')
      await dialog.getByRole('button', { name: 'Rotate' }).click()
      const another = (await told.locator('code').innerText()).trim()
      expect(another).not.toBe(secret)
      await told.getByRole('button', { name: 'I have kept it' }).click()
      const before = endpoint.heard.length
      await send(page)
      await expect.poll(() => endpoint.heard.length, { timeout: 30_000 }).toBeGreaterThan(before)
      expect(isSigned(endpoint.heard.at(-1)!, another)).toBe(true)
      expect(isSigned(endpoint.heard.at(-1)!, secret)).toBe(false)
      await expect(delivery).toBeVisible()
      await page.keyboard.press('Escape')
    })

    await test.step('it is changed, and gone at the end', async () => {
      await act(page, 'Edit')
      const edit = page.getByRole('dialog', { name: 'Edit the webhook' })
      await expect(edit.getByRole('checkbox', { name: 'tenant activated' })).toBeChecked()
      await edit.getByLabel('Description').fill('Our chat')
      await edit.getByText('It listens').click()
      await edit.getByLabel('Reason').fill('they move')
      await edit.getByRole('button', { name: 'Save' }).click()
      await expect(page.getByText('Our chat')).toBeVisible()
      await expect(page.locator('.page-title').getByText('disabled')).toBeVisible()
      await act(page, 'Delete')
      const remove = page.getByRole('dialog', { name: 'Delete the webhook' })
      await remove.getByLabel('Reason').fill('nobody listens')
      await remove.getByRole('button', { name: 'Delete' }).click()
      await expect(page.getByRole('heading', { level: 1, name: 'Settings' })).toBeVisible()
      await expect(page.getByRole('link', { name: endpoint.url })).toHaveCount(0)
    })
  } finally {
    endpoint.close()
  }
})

test('who has changed the catalogue is read page by page', async ({ page }) => {
  const id = `audited-${random()}`
  await call('POST', '/v1/themes', { ...(await call<object>('GET', '/v1/themes/upfront-classic')), id })
  await call('DELETE', `/v1/themes/${id}`, { reason: 'a test' }).catch(() => undefined)
  await go(page, '#/settings')
  const log = page.getByRole('region', { name: 'Audit log of the catalogue', exact: true }).first()
  await expect(log.getByRole('row')).not.toHaveCount(0)
  const later = log.getByRole('button', { name: 'Later' })
  while (
    !(await log
      .getByRole('row', { name: `theme ${id}` })
      .first()
      .isVisible())
  ) {
    const before = await log.getByText(/^page \d+$/).innerText()
    await expect(later).toBeEnabled()
    await later.click()
    await expect(log.getByText(/^page \d+$/)).not.toHaveText(before)
    await expect(log.getByRole('table')).toBeVisible()
  }
  await expect(log.getByRole('row', { name: `theme ${id}` }).first()).toContainText('admin')
})

test('the defaults are added where they are missing', async ({ page }) => {
  await go(page, '#/settings')
  await page.getByRole('button', { name: 'Add the defaults' }).click()
  await page.getByLabel('Reason').fill('a look')
  await page.getByRole('dialog').getByRole('button', { name: 'Add' }).click()
  await expect(page.getByRole('dialog').getByText(/None was missing|Added/)).toBeVisible()
})

test.describe('an operator', () => {
  test.use({ role: null })
  test('tests a webhook, and is not offered to change one', async ({ page }) => {
    const url = `http://127.0.0.1:9/${random()}`
    const { id } = await call<{ id: string }>('POST', '/v1/webhooks', { url })
    try {
      await signIn(page, of('operator'), '#/settings')
      await expect(page.getByRole('link', { name: url })).toBeVisible()
      await expect(page.getByRole('button', { name: /Add/ })).toHaveCount(0)
      await page.getByRole('link', { name: url }).click()
      await expect(page.getByRole('button', { name: 'Test', exact: true })).toBeVisible()
      await expect(page.getByRole('button', { name: 'Actions' })).toHaveCount(0)
    } finally {
      await call('DELETE', `/v1/webhooks/${id}`, { reason: 'the test is over' })
    }
  })
})

type Page = Parameters<typeof go>[0]

/** Has a test sent, and its delivery shown. */
async function send(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Test', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'Send a test' })
  await dialog.getByLabel('Reason').fill('whether it works')
  await dialog.getByRole('button', { name: 'Send' }).click()
}

async function act(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: 'Actions' }).click()
  await page.getByRole('menuitem', { name }).click()
}

interface Heard {
  headers: IncomingHttpHeaders
  body: string
}

/** Somebody else's endpoint, on this machine: answers as it is told to, and keeps what it heard. */
async function listen() {
  let status = 200
  const heard: Heard[] = []
  const server = createServer((request, answer) => {
    let body = ''
    request.on('data', part => (body += part))
    request.on('end', () => {
      heard.push({ headers: request.headers, body })
      answer.writeHead(status).end()
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/hook`,
    heard,
    answer: (now: number) => void (status = now),
    close: () => server.close(),
  }
}

/** As Standard Webhooks has it. */
function isSigned({ headers, body }: Heard, secret: string): boolean {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const said = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`
  const signature = `v1,${createHmac('sha256', key).update(said).digest('base64')}`
  return String(headers['webhook-signature']).split(' ').includes(signature)
}
