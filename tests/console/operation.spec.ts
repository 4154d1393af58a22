import type { Page } from '@playwright/test'

import { accessible } from './accessible'
import { call, random } from './api'
import { expect, go, signIn, test } from './console'
import { inject } from './faults'
import { owner } from './people'

const BLUEPRINT = 'merchant-workspace'
const PUBLISH = 'merchant-publish-website'
const OPTIONAL = 'merchant-seed-data'

/** How long a step takes that has to be caught in the middle. */
const LONG = { kind: 'slow', ms: 8_000 } as const
/** How long an operation may take on a machine that has much else to do. */
const PATIENCE = 60_000

/** Who must act, as the page says it. */
const ACTORS = { us: 'us, the operators', customer: 'the customer', provider: 'the provider' } as const

interface Step {
  name: string
  state: string
  attempts: number
}

interface Operation {
  id: string
  state: string
  percent: number
  steps: Step[]
  fault?: {
    step: string
    fault: { cause: string; actor: keyof typeof ACTORS; hint?: string; request_id?: string }
  }
}

interface Accepted {
  tenant: { id: string; name: string }
  operation: string
}

test('a signup is watched to its end, and nobody reloads', async ({ page }) => {
  test.slow()
  const accepted = await signUp()
  await open(page, accepted)
  await page.evaluate(() => Object.assign(window, { stays: true }))
  await expect(state(page)).toHaveText('succeeded', { timeout: PATIENCE })
  await expect(page.getByRole('progressbar')).toHaveAttribute('aria-valuenow', '100')
  await expect(page.getByText('It is over: it succeeded.')).toBeVisible()
  const operation = await read(accepted)
  for (const step of operation.steps) {
    await expect(row(page, step.name)).toHaveAttribute('data-state', step.state)
  }
  await expect(drawn(page, PUBLISH)).toContainText('done')
  await expect(page.getByRole('list', { name: 'Log' })).toContainText('it succeeded')
  expect(await page.evaluate(() => 'stays' in window)).toBe(true)
  expect((await tenant(accepted)).status).toBe('active')
})

test('a failure says why and who must act, and another try from there succeeds', async ({ page }) => {
  test.slow()
  const name = invented()
  const lift = await inject({ function: PUBLISH, acts: ['create'], contains: name, kind: 'deny' })
  const accepted = await signUp(name, { on_failure: 'hold' })
  await open(page, accepted)
  await expect(state(page)).toHaveText('failed', { timeout: PATIENCE })
  const { fault } = (await read(accepted)).fault!
  const why = page.getByRole('region', { name: 'Why it failed' })
  await expect(why).toContainText(PUBLISH)
  await expect(why).toContainText(fault.cause)
  await expect(why).toContainText(`Who must act${ACTORS[fault.actor]}`)
  if (fault.hint) await expect(why).toContainText(fault.hint)
  if (fault.request_id) await expect(why).toContainText(fault.request_id)
  await expect(page.getByRole('main').getByRole('status').first()).toContainText('kept for a retry')

  await test.step('more of the step is shown where it is asked for', async () => {
    await drawn(page, PUBLISH).click()
    await expect(page.getByRole('region', { name: PUBLISH })).toContainText(fault.cause)
    await page.getByRole('button', { name: 'Close' }).click()
    await row(page, PUBLISH).getByRole('button').click()
    await expect(page.getByRole('table')).toContainText(fault.cause)
    await row(page, PUBLISH).getByRole('button').click()
  })
  await test.step('a reload shows the same', async () => {
    const before = await page.getByRole('table').innerText()
    await page.reload()
    await expect(page.getByRole('table')).toHaveText(/./)
    await expect.poll(() => page.getByRole('table').innerText()).toBe(before)
    await expect(why).toContainText(fault.cause)
  })
  await accessible(page)

  await lift()
  const failed = page.url()
  await page.getByRole('button', { name: 'Retry', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'Retry from the failed step' })
  await expect(dialog).toContainText(`it goes on at ${PUBLISH}`)
  await dialog.getByLabel('Reason').fill('the policy is put right')
  await dialog.getByRole('button', { name: 'Retry' }).click()
  await expect.poll(() => page.url()).not.toBe(failed)
  await expect(state(page)).toHaveText('succeeded', { timeout: PATIENCE })
  await expect(page.getByRole('progressbar')).toHaveAttribute('aria-valuenow', '100')
  expect((await tenant(accepted)).status).toBe('active')
  await page.goto(failed)
  await expect(page.getByText('This is not the last word')).toBeVisible()
  await expect(page.getByRole('button', { name: 'Retry', exact: true })).toHaveCount(0)
})

test('a retry sends what was changed and no more, once it was seen what it would do', async ({ page }) => {
  test.slow()
  const name = invented()
  const lift = await inject({ function: PUBLISH, acts: ['create'], contains: name, kind: 'deny' })
  const accepted = await signUp(name)
  await open(page, accepted)
  await expect(state(page)).toHaveText('failed', { timeout: PATIENCE })
  await lift()
  await page.getByRole('button', { name: 'Edit and retry' }).click()
  const dialog = page.getByRole('dialog', { name: 'Edit and retry' })
  await dialog.getByLabel('Name', { exact: true }).fill('Better')
  await dialog.getByRole('checkbox', { name: OPTIONAL }).check({ force: true })
  await dialog.getByRole('button', { name: 'What would be done?' }).click()
  const preview = dialog.getByRole('region', { name: 'What it would do' })
  await preview.getByText(/\d+ steps/).click()
  await expect(preview).toContainText(PUBLISH)
  await expect(preview).not.toContainText(OPTIONAL)
  expect((await tenant(accepted)).status).toBe('failed')

  await dialog.getByLabel('Reason').fill('they are called otherwise')
  const asked = page.waitForRequest(request => request.url().endsWith('/retry'))
  await dialog.getByRole('button', { name: 'Retry' }).click()
  expect((await asked).postDataJSON()).toEqual({
    reason: 'they are called otherwise',
    name: 'Better',
    skip: [OPTIONAL],
  })
  await expect(state(page)).toHaveText('succeeded', { timeout: PATIENCE })
  await expect(row(page, OPTIONAL)).toHaveAttribute('data-state', 'skipped')
  expect((await tenant(accepted)).name).toBe('Better')
})

test('what runs is cancelled, and ends with nothing left', async ({ page }) => {
  test.slow()
  const name = invented()
  const lift = await inject({ function: PUBLISH, acts: ['create'], contains: name, ...LONG })
  const accepted = await signUp(name)
  await open(page, accepted)
  await expect(row(page, PUBLISH)).toHaveAttribute('data-state', 'running')
  await page.getByRole('button', { name: 'Cancel', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'Cancel the operation' })
  await dialog.getByLabel('Reason').fill('signed up twice')
  await dialog.getByRole('button', { name: 'Cancel it' }).click()
  await lift()
  await expect(dialog).toBeHidden()
  await expect(page.getByRole('button', { name: 'Cancel', exact: true })).toBeHidden()
  await expect(state(page)).toHaveText('failed', { timeout: PATIENCE })
  await expect(page.getByText('Nothing is left of it.')).toBeVisible()
  await expect(page.getByRole('region', { name: 'Why it failed' })).toContainText('signed up twice')
})

test('an optional step is skipped, and no other can be', async ({ page }) => {
  test.slow()
  const name = invented()
  const slow = { acts: ['create'], contains: name, ...LONG } as const
  const lifts = [await inject({ function: OPTIONAL, ...slow }), await inject({ function: PUBLISH, ...slow })]
  const accepted = await signUp(name)
  await open(page, accepted)
  await row(page, PUBLISH).getByRole('button').click()
  await expect(page.getByRole('button', { name: 'Skip this step' })).toHaveCount(0)
  await row(page, OPTIONAL).getByRole('button').click()
  await page.getByRole('button', { name: 'Skip this step' }).click()
  const dialog = page.getByRole('dialog', { name: `Skip ${OPTIONAL}` })
  await dialog.getByLabel('Reason').fill('they bring their own')
  await dialog.getByRole('button', { name: 'Skip' }).click()
  await expect(row(page, OPTIONAL)).toHaveAttribute('data-state', 'skipped')
  for (const lift of lifts) await lift()
  await expect(state(page)).toHaveText('succeeded', { timeout: PATIENCE })
})

test('a page that was cut off catches up by itself', async ({ page, context }) => {
  test.slow()
  const name = invented()
  const lift = await inject({ function: PUBLISH, acts: ['create'], contains: name, ...LONG })
  const accepted = await signUp(name)
  await open(page, accepted)
  await expect(row(page, PUBLISH)).toHaveAttribute('data-state', 'running')
  await context.setOffline(true)
  await expect(page.getByText('The API is not reached')).toBeVisible({ timeout: PATIENCE })
  await lift()
  await expect.poll(async () => (await read(accepted)).state, { timeout: PATIENCE }).toBe('succeeded')
  await expect(state(page)).toHaveText('running')
  await context.setOffline(false)
  await expect(state(page)).toHaveText('succeeded')
  await expect(page.getByText('The API is not reached')).toBeHidden()
})

test('the drawing is used by keyboard, and on a phone the table says the same', async ({ page }) => {
  test.slow()
  const accepted = await signUp()
  await open(page, accepted)
  await expect(state(page)).toHaveText('succeeded', { timeout: PATIENCE })
  const graph = page.getByRole('group', { name: /^Workflow/ })
  const before = await drawn(page, PUBLISH).boundingBox()
  await graph.focus()
  await page.keyboard.press('ArrowLeft')
  await expect.poll(async () => (await drawn(page, PUBLISH).boundingBox())!.x).toBeGreaterThan(before!.x)
  await page.keyboard.press('0')
  await drawn(page, PUBLISH).focus()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('region', { name: PUBLISH })).toContainText('Attempts')
  await accessible(page)
  await page.setViewportSize({ width: 390, height: 844 })
  await expect(graph).toBeHidden()
  await row(page, PUBLISH).getByRole('button').click()
  await expect(page.getByRole('table').getByText('Attempts').last()).toBeVisible()
})

test.describe('who may only look', () => {
  test.use({ role: 'viewer' })

  test('is offered nothing', async ({ page }) => {
    const accepted = await signUp()
    await open(page, accepted)
    await expect(page.getByRole('progressbar')).toBeVisible()
    await expect(page.getByRole('button', { name: 'Cancel', exact: true })).toHaveCount(0)
  })
})

test.describe('the owner', () => {
  test.use({ role: null })

  test('sees the same, and does nothing about it', async ({ page }) => {
    test.slow()
    const accepted = await signUp()
    await signIn(page, await owner(accepted.tenant.id), `#/operations/${accepted.operation}`)
    await expect(row(page, PUBLISH)).toBeVisible()
    await expect(page.getByRole('button', { name: 'Cancel', exact: true })).toHaveCount(0)
    await expect(state(page)).toHaveText('succeeded', { timeout: PATIENCE })
    await expect(page.getByRole('link', { name: accepted.tenant.name })).toHaveAttribute('href', '#/')
  })
})

test('what is committed is on the page soon', async ({ page }) => {
  test.setTimeout(4 * PATIENCE)
  const samples: number[] = []
  while (samples.length < 30) {
    const accepted = await signUp()
    await open(page, accepted)
    await note(page)
    const told = await follow(accepted)
    await expect(state(page)).toHaveText('succeeded')
    samples.push(...delays(told, await noted(page)))
  }
  samples.sort((a, b) => a - b)
  const at = (share: number) => samples[Math.ceil(samples.length * share) - 1]!
  console.log(
    `a change is on the page after ${at(0.5)} ms (p50), ${at(0.95)} ms (p95), ${at(1)} ms at most; ${samples.length} changes`,
  )
  // A machine that does much else is not what is measured: the product's own limit holds where nothing else runs.
  expect(at(0.95)).toBeLessThan(process.env.TENANTRY_BENCH ? 1_000 : 3_000)
})

const ORDER = ['waiting', 'running', 'done']

/** When a step was first in a state, or past it. */
interface Seen {
  step: string
  state: string
  at: number
}

/** How long after the API did the page say so. What was on it before the page was open is not counted. */
function delays(told: readonly Seen[], shown: readonly Seen[]): number[] {
  const rank = (state: string) => ORDER.indexOf(state)
  const opened = Math.min(...shown.map(({ at }) => at))
  return told
    .filter(({ at }) => at > opened)
    .map(({ step, state, at }) => {
      const there = shown.filter(other => other.step === step && rank(other.state) >= rank(state))
      return Math.max(0, Math.min(...there.map(other => other.at)) - at)
    })
}

/** Looks at the operation by plain GETs until it is over. */
async function follow(accepted: Accepted): Promise<Seen[]> {
  const seen: Seen[] = []
  const known = new Map<string, string>()
  for (;;) {
    // What it shows was so when it was asked, or a moment later: the page is not flattered by a slow answer.
    const at = Date.now()
    const operation = await read(accepted)
    for (const { name: step, state } of operation.steps) {
      if (known.get(step) === state || !ORDER.includes(state)) continue
      known.set(step, state)
      if (state !== 'waiting') seen.push({ step, state, at })
    }
    if (operation.state === 'succeeded') return seen
    expect(operation.state).not.toBe('failed')
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

/** Has the page write down what it shows from here on. */
async function note(page: Page): Promise<void> {
  await page.evaluate(() => {
    const seen: Seen[] = []
    const known = new Map<string, string>()
    const look = () => {
      document.querySelectorAll<HTMLElement>('tr[data-step]').forEach(row => {
        const { step, state } = row.dataset as { step: string; state: string }
        if (known.get(step) === state) return
        known.set(step, state)
        seen.push({ step, state, at: Date.now() })
      })
    }
    look()
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true })
    Object.assign(window, { seen })
  })
}

async function noted(page: Page): Promise<Seen[]> {
  return page.evaluate(() => (window as unknown as { seen: Seen[] }).seen)
}

function invented(): string {
  return `t${random()}${random()}`
}

async function signUp(name = invented(), more: object = {}): Promise<Accepted> {
  const signup = { name, subdomain: name, email: `${name}@example.com`, blueprint: BLUEPRINT, ...more }
  return call<Accepted>('POST', '/v1/tenants', signup)
}

async function open(page: Page, { tenant, operation }: Accepted): Promise<void> {
  await go(page, `#/tenants/${tenant.id}/operations/${operation}`)
  await expect(page.getByRole('heading', { name: 'Provision', level: 1 })).toBeVisible()
  await expect(row(page, PUBLISH)).toBeVisible()
}

async function read({ tenant, operation }: Accepted): Promise<Operation> {
  return call<Operation>('GET', `/v1/tenants/${tenant.id}/operations/${operation}`)
}

async function tenant({ tenant }: Accepted): Promise<{ status: string; name: string }> {
  return call('GET', `/v1/tenants/${tenant.id}`)
}

/** What the operation is, beside its name. */
function state(page: Page) {
  return page.locator('.page-title .state')
}

/** A step in the table. */
function row(page: Page, step: string) {
  return page.locator(`tr[data-step="${step}"]`)
}

/** A step in the drawing. */
function drawn(page: Page, step: string) {
  return page
    .getByRole('group', { name: /^Workflow/ })
    .getByRole('button', { name: new RegExp(`^${step}, `) })
}
