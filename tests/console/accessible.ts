import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from '@playwright/test'

import { expect } from './console'

/** WCAG 2.2 AA, and axe's own good practice, in both schemes and on a phone. */
export async function accessible(page: Page): Promise<void> {
  const size = page.viewportSize()!
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    expect(await violations(page), colorScheme).toEqual([])
  }
  await page.emulateMedia({ colorScheme: null })
  await page.setViewportSize({ width: 390, height: 844 })
  expect(await violations(page), '390 px').toEqual([])
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  expect(wide, 'the page scrolls sideways').toBeLessThanOrEqual(0)
  await page.setViewportSize(size)
}

async function violations(page: Page): Promise<string[]> {
  // The picture of a storefront has the colours of its theme, whatever those are.
  // React Aria says beside it that a button is busy, and goes on to name one that is gone.
  const looked = new AxeBuilder({ page }).exclude('.preview').exclude('[data-live-announcer]')
  const { violations } = await looked.analyze()
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} at ${target.join(' ')}: ${failureSummary}`),
  )
}
