import type { Page } from '@playwright/test'

import { accessible } from './accessible'
import { random } from './api'
import { expect, go, signIn, test } from './console'
import { of } from './people'
import { accepted } from './tenants'

test('a tenant is found by a word of its name, and its page is opened from there', async ({ page }) => {
  const [wanted, other] = [await accepted(), await accepted()]
  await go(page, '#/tenants')
  await find(page).fill(wanted.name.split(' ')[1]!)
  await expect(row(page, wanted.name)).toBeVisible()
  await expect(row(page, other.name)).toHaveCount(0)
  await expect(row(page, wanted.name)).toContainText(wanted.subdomain)
  await page.getByRole('link', { name: wanted.name, exact: true }).click()
  await expect(page.getByRole('heading', { name: wanted.name, level: 1 })).toBeVisible()
})

test('the address keeps what is asked for: it can be linked to, reloaded and gone back to', async ({
  page,
}) => {
  const { name, id } = await accepted()
  const word = name.split(' ')[1]!
  await go(page, '#/tenants')
  await find(page).fill(word)
  await expect(page).toHaveURL(new RegExp(`#/tenants\\?text=${word}$`))
  await choose(page, 'Blueprint', 'merchant-workspace')
  await expect(page).toHaveURL(new RegExp(`text=${word}&blueprint=merchant-workspace$`))
  await choose(page, 'Status', 'deleted')
  await expect(page.getByText('No tenant is like that.')).toBeVisible()

  await page.goBack()
  await expect(row(page, name)).toBeVisible()
  await page.reload()
  await expect(row(page, name)).toBeVisible()
  await expect(find(page)).toHaveValue(word)
  await expect(page.getByRole('button', { name: /Blueprint/ })).toContainText('merchant-workspace')

  await page.getByRole('link', { name, exact: true }).click()
  await expect(page).toHaveURL(new RegExp(`#/tenants/${id}$`))
  await page.goBack()
  await expect(find(page)).toHaveValue(word)
  await expect(row(page, name)).toBeVisible()
})

test('a tenant is on the list within seconds, and nobody reloads', async ({ page }) => {
  const mark = random()
  await go(page, `#/tenants?text=acme-${mark}`)
  await expect(page.getByText('No tenant is like that.')).toBeVisible()
  await accepted({ name: `Live ${mark}`, subdomain: `acme-${mark}` })
  // A second is the index's, and one the watch's.
  await expect(row(page, `Live ${mark}`)).toBeVisible({ timeout: 5_000 })
})

test('what nobody can be asked for is said, not guessed', async ({ page }) => {
  await go(page, '#/tenants?status=nonsense')
  await expect(page.getByRole('alert')).toBeVisible()
})

test.describe('somebody who comes by a link', () => {
  test.use({ role: null })
  test('signs in and sees what it leads to', async ({ page }) => {
    const { name } = await accepted()
    await signIn(page, of('viewer'), `#/tenants?text=${name.split(' ')[1]}`)
    await expect(row(page, name)).toBeVisible()
    await expect(page.getByRole('row')).toHaveCount(2)
  })
})

test('the list is accessible', async ({ page }) => {
  const { name } = await accepted()
  await go(page, `#/tenants?text=${name.split(' ')[1]}`)
  await expect(row(page, name)).toBeVisible()
  await accessible(page)
})

function find(page: Page) {
  return page.getByRole('searchbox', { name: 'Find' })
}

function row(page: Page, name: string) {
  return page.getByRole('row', { name })
}

async function choose(page: Page, label: string, option: string): Promise<void> {
  await page.getByRole('button', { name: new RegExp(label) }).click()
  await page.getByRole('option', { name: option, exact: true }).click()
}
