import { expect, test as base, type Page } from '@playwright/test'

import { of, type Person } from './people'
import { stack } from './stack'

export { expect }

interface Options {
  /** Who `page` is signed in as when a test begins; `null` leaves it empty. */
  role: Parameters<typeof of>[0] | null
}

interface Kept {
  /** What the page did that no page of the console may, test or not. */
  misdeeds: string[]
}

export const test = base.extend<Options & Kept>({
  role: ['operator', { option: true }],

  misdeeds: async ({ context }, use) => {
    const misdeeds: string[] = []
    const known = [stack.api, stack.emulator].map(address => new URL(address).origin)
    context.on('request', request => {
      const { origin, protocol } = new URL(request.url())
      if (protocol.startsWith('http') && !known.includes(origin)) misdeeds.push(`asked ${request.url()}`)
    })
    context.on('console', message => {
      if (message.text().includes('Content Security Policy')) misdeeds.push(message.text())
    })
    context.on('weberror', error => misdeeds.push(String(error.error())))
    await use(misdeeds)
    expect(misdeeds).toEqual([])
  },

  page: async ({ page, role, misdeeds: _ }, use) => {
    if (role) await signIn(page, of(role))
    await use(page)
  },
})

/** Opens the console at a place, `#/tenants`, and signs in on the issuer's page. */
export async function signIn(page: Page, person: Person, place = ''): Promise<void> {
  await page.goto(stack.console + place)
  await fillIn(page, person)
  await page.waitForURL(address => address.pathname.endsWith('/console/index.html') && !address.search)
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeAttached()
}

/** What a person does at the issuer's page. */
export async function fillIn(page: Page, { name, password }: Person): Promise<void> {
  await page.getByLabel('Username').fill(name)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

/** Goes to a place in the console, as a link does: `#/tenants`. */
export async function go(page: Page, place: string): Promise<void> {
  await page.evaluate(place => (location.hash = place), place)
}
