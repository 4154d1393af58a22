import { readFileSync } from 'node:fs'
import type { Page } from '@playwright/test'

import { expect, go, test } from './console'
import { stack } from './stack'

/**
 * What the API answered once, by path and query: `answers.json`. What it answers on the day is never the same twice, and every
 * other test is about that; these are about what a page looks like.
 */
const answers = JSON.parse(readFileSync(new URL('./looks/answers.json', import.meta.url), 'utf8')) as Answers

interface Answers {
  /** When that was: to the page, it is now. */
  at: string
  /** Whose pages are looked at. */
  tenant: string
  /** Of another, in the middle of it. */
  operation: string
  get: Record<string, unknown>
}

const PAGES = {
  overview: '#/',
  tenants: '#/tenants',
  tenant: `#/tenants/${answers.tenant}`,
  operation: `#/tenants/${answers.operation}`,
  approvals: '#/approvals',
  repairs: '#/repairs',
  billing: '#/billing',
  plans: '#/plans',
  themes: '#/themes',
  blueprints: '#/blueprints',
  settings: '#/settings',
}

test.use({ role: 'admin', viewport: { width: 1280, height: 860 } })

for (const scheme of ['light', 'dark'] as const) {
  test.describe(`as it looked before, ${scheme}`, () => {
    test.use({ colorScheme: scheme })

    test.beforeEach(async ({ page }) => {
      await page.clock.setFixedTime(answers.at)
    })

    for (const [name, place] of Object.entries(PAGES)) {
      test(name, async ({ page }) => {
        const missing = await frozen(page, '/v1/me')
        await go(page, place)
        await looks(page, `${name}-${scheme}`)
        expect(missing).toEqual([])
      })
    }

    test('own', async ({ page }) => {
      const missing = await frozen(page, '/v1/me of an owner')
      await page.reload()
      await looks(page, `own-${scheme}`)
      expect(missing).toEqual([])
    })

    test('a phone', async ({ page }) => {
      await page.setViewportSize({ width: 390, height: 844 })
      const missing = await frozen(page, '/v1/me')
      await go(page, PAGES.operation)
      await looks(page, `phone-${scheme}`)
      expect(missing).toEqual([])
    })
  })
}

/** Answers the page from the file. What it asks for besides is a mistake in the file. */
async function frozen(page: Page, me: string): Promise<string[]> {
  const missing: string[] = []
  await page.route(`${stack.api}/v1/**`, async route => {
    // A watch: nothing ever happens.
    if (route.request().headers().accept === 'text/event-stream') return
    const { pathname, search } = new URL(route.request().url())
    const asked = pathname + search
    const answer = answers.get[asked === '/v1/me' ? me : asked]
    if (answer === undefined) missing.push(asked)
    await route.fulfill({ json: answer ?? {}, ...(answer === undefined && { status: 500 }) })
  })
  return missing
}

/** Loosely: letters are drawn a little otherwise from one version of Chromium to the next. */
async function looks(page: Page, name: string): Promise<void> {
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await expect(page.locator('[aria-busy=true]')).toHaveCount(0)
  await expect(page).toHaveScreenshot(`${name}.png`, { animations: 'disabled', maxDiffPixelRatio: 0.02 })
}
