import { accessible } from './accessible'
import { call, random } from './api'
import { expect, go, signIn, test } from './console'
import { of } from './people'
import { stack } from './stack'

test.use({ role: 'admin' })

interface Offer {
  blueprint: string
  plans: {
    id: string
    name: string
    price_cents: number
    features: string[]
    limits: { products?: number }
  }[]
}

test('a plan is edited, and customers are offered it as it is now', async ({ page }) => {
  // One that only frappe-bench is sold with, where no other test buys it.
  const id = 'erp-enterprise'
  const before = await call<{ name: string; features: string[] }>('GET', `/v1/plans/${id}`)
  const [name, feature] = [`Enterprise ${random()}`, `Feature ${random()}`]
  try {
    await go(page, '#/plans')
    await page.getByRole('row', { name: id }).getByRole('button', { name: 'Edit' }).click()
    const dialog = page.getByRole('dialog', { name: `Edit ${id}` })
    await dialog.getByLabel('Name', { exact: true }).fill(name)
    await dialog.getByLabel('Price').fill('123.45')
    await dialog.getByLabel('Features').fill([feature, ...before.features].join('\n'))
    await dialog.getByLabel('Products').fill('4321')
    await dialog.getByLabel('Products').blur()
    // As customers will see it.
    const card = dialog.getByRole('region', { name: 'As customers see it' })
    await expect(card).toContainText(name)
    await expect(card).toContainText('$123.45')
    await expect(card).toContainText(feature)
    await expect(card).toContainText('4,321 products')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await expect(dialog).toHaveCount(0)
    await expect(page.getByRole('row', { name: id })).toContainText(name)
    const { offers } = await call<{ offers: Offer[] }>('GET', '/v1/offers')
    const sold = offers
      .find(({ blueprint }) => blueprint === 'frappe-bench')!
      .plans.find(plan => plan.id === id)
    expect(sold).toMatchObject({
      name,
      price_cents: 12345,
      features: [feature, ...before.features],
      limits: { products: 4321 },
    })
  } finally {
    await call('PUT', `/v1/plans/${id}`, before)
  }
})

test('a plan is made, offered, withdrawn and deleted', async ({ page }) => {
  const id = `plan-${random()}`
  await go(page, '#/plans')
  await page.getByRole('button', { name: 'New plan' }).click()
  const dialog = page.getByRole('dialog', { name: 'New plan' })
  const add = dialog.getByRole('button', { name: 'Add plan' })
  await dialog.getByLabel('Id', { exact: true }).fill('Not an id')
  await add.click()
  await expect(dialog.getByLabel('Id', { exact: true })).toBeFocused()
  await expect(dialog.getByText('1 to 64 of a-z')).toBeVisible()
  await dialog.getByLabel('Id', { exact: true }).fill(id)
  await dialog.getByLabel('Name', { exact: true }).fill('Made up')
  await dialog.getByLabel('Currency').fill('JPY')
  await dialog.getByLabel('Price').fill('1200')
  await dialog.getByRole('button', { name: 'Add to Settings' }).click()
  await dialog.getByLabel('Settings: name 1').fill('cpu')
  await dialog.getByLabel('Settings: value of cpu').fill('2')
  await dialog.getByRole('button', { name: 'Add to Bounds' }).click()
  const bounds = dialog.getByRole('group', { name: 'Bounds of line 1' })
  await bounds.getByLabel('Setting').fill('cpu')
  const cpu = dialog.getByRole('group', { name: 'Bounds of cpu' })
  await cpu.getByLabel('From').fill('one')
  await cpu.getByLabel('To').fill('4')
  await add.click()
  await expect(cpu.getByLabel('From')).toBeFocused()
  await cpu.getByLabel('From').fill('1')
  await add.click()
  await expect(dialog).toHaveCount(0)
  expect(await call('GET', `/v1/plans/${id}`)).toMatchObject({
    price_cents: 1200,
    currency: 'JPY',
    active: false,
    settings: { cpu: '2' },
    bounds: { cpu: { min: '1', max: '4' } },
  })

  const row = page.getByRole('row', { name: id })
  await expect(row).toContainText('¥1,200')
  for (const [act, then] of [
    ['Offer', 'on offer'],
    ['Withdraw', 'not on offer'],
  ] as const) {
    await row.getByRole('button', { name: 'More' }).click()
    await page.getByRole('menuitem', { name: act }).click()
    await page.getByLabel('Reason').fill('a test')
    await page.getByRole('dialog').getByRole('button', { name: act }).click()
    await expect(row.getByText(then, { exact: true })).toBeVisible()
  }
  await row.getByRole('button', { name: 'More' }).click()
  await page.getByRole('menuitem', { name: 'Delete' }).click()
  await page.getByLabel('Reason').fill('a test')
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await expect(row).toHaveCount(0)
})

test('what somebody else has changed meanwhile is not saved over', async ({ page }) => {
  const id = await theme()
  await go(page, '#/themes')
  await page.getByRole('button', { name: `Edit ${id}` }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Description').fill('mine')
  const before = await call<object>('GET', `/v1/themes/${id}`)
  await call('PUT', `/v1/themes/${id}`, { ...before, description: 'theirs' })
  const save = dialog.getByRole('button', { name: 'Save' })
  await save.click()
  await expect(dialog.getByRole('alert')).toContainText('changed meanwhile')
  // Nor at the second try.
  await save.click()
  await expect(dialog.getByRole('alert')).toContainText('changed meanwhile')
  expect(await call('GET', `/v1/themes/${id}`)).toMatchObject({ description: 'theirs' })
  await dialog.getByRole('button', { name: /Begin again/ }).click()
  await expect(dialog.getByLabel('Description')).toHaveValue('theirs')
  await dialog.getByLabel('Description').fill('mine, after theirs')
  await save.click()
  await expect(dialog).toHaveCount(0)
  expect(await call('GET', `/v1/themes/${id}`)).toMatchObject({ description: 'mine, after theirs' })
})

test('a theme is drawn while it is edited, and a bad colour is refused beside its field', async ({
  page,
}) => {
  const id = await theme()
  await go(page, '#/themes')
  await page.getByRole('button', { name: `Edit ${id}` }).click()
  const dialog = page.getByRole('dialog')
  const accent = dialog.getByLabel('Accent', { exact: true })
  const drawn = () =>
    dialog.locator('.storefront .shop-hero').evaluate(hero => getComputedStyle(hero).backgroundColor)
  await accent.fill('#006400')
  expect(await drawn()).toBe('rgb(0, 100, 0)')
  await expect(dialog.getByText('Hard to read')).toHaveCount(0)
  await dialog.getByLabel('Muted', { exact: true }).fill('#cccccc')
  await expect(dialog.getByText('muted on background: 1.60 : 1')).toBeVisible()

  await accent.fill('green')
  await expect(dialog.getByText('“green” is not a colour: #rrggbb')).toBeVisible()
  await dialog.getByRole('button', { name: 'Save' }).click()
  await expect(accent).toBeFocused()
  await expect(accent).toHaveAttribute('aria-invalid', 'true')
  expect(await drawn()).toBe('rgb(0, 100, 0)')
  expect(await call('GET', `/v1/themes/${id}`)).toMatchObject({ palette: { accent: '#0b6478' } })

  await accent.fill('#006400')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await expect(dialog).toHaveCount(0)
  expect(await call('GET', `/v1/themes/${id}`)).toMatchObject({
    palette: { accent: '#006400', muted: '#cccccc' },
  })
})

test('a blueprint is shown with its steps, and edited for new tenants', async ({ page }) => {
  const name = 'kubernetes-argocd'
  const before = await call<{ version: number; description: string; categories: string[] }>(
    'GET',
    `/v1/blueprints/${name}`,
  )
  await go(page, '#/blueprints')
  await page.getByRole('button', { name: `Show ${name}` }).click()
  const steps = page.getByRole('region', { name: 'Steps' })
  await expect(steps.locator('code').first()).toBeVisible()
  await expect(steps.getByText('at the same time').first()).toBeVisible()
  await page.getByRole('button', { name: `Edit ${name}` }).click()
  const dialog = page.getByRole('dialog')
  const description = `A shop, ${random()}.`
  await dialog.getByLabel('Description').fill(description)
  await dialog.getByRole('button', { name: 'Save' }).click()
  await expect(dialog.getByLabel('Reason')).toBeFocused()
  await dialog.getByLabel('Reason').fill('a better word')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await expect(dialog).toHaveCount(0)
  try {
    await expect(page.getByRole('row', { name })).toContainText(description)
    expect(await call('GET', `/v1/blueprints/${name}`)).toMatchObject({
      description,
      version: before.version + 1,
      categories: before.categories,
    })
  } finally {
    await call('PATCH', `/v1/blueprints/${name}`, { reason: 'a test', description: before.description })
  }
})

for (const [place, edit, field] of [
  ['#/plans', 'Edit Enterprise', 'Features'],
  ['#/themes', 'Edit Upfront Modern', 'Version'],
  ['#/blueprints', /^Edit /, 'Reason'],
] as const) {
  test(`${place} is accessible, and so is its editor`, async ({ page }) => {
    test.slow()
    await go(page, place)
    const button = page.getByRole('button', { name: edit }).first()
    await expect(button).toBeVisible()
    await accessible(page)
    await button.click()
    await expect(page.getByRole('dialog').getByLabel(field)).toBeVisible()
    await accessible(page)
    await page.keyboard.press('Escape')
    await expect(page.getByRole('dialog')).toHaveCount(0)
    await expect(button).toBeFocused()
  })
}

test.describe('a viewer', () => {
  test.use({ role: null })
  test('sees the catalogue, and changes nothing', async ({ page }) => {
    await signIn(page, of('viewer'), '#/plans')
    await expect(page.getByRole('row', { name: 'erp-enterprise' })).toBeVisible()
    for (const place of ['#/plans', '#/themes', '#/blueprints']) {
      await go(page, place)
      await expect(page.getByText('on offer', { exact: true }).first()).toBeVisible()
      await expect(page.getByRole('button', { name: /^(Edit|New|More|Add)/ })).toHaveCount(0)
    }
  })
})

/** A theme of the test's own. */
async function theme(): Promise<string> {
  const id = `theme-${random()}`
  await call('POST', '/v1/themes', {
    id,
    name: id,
    description: 'Of a test.',
    version: '1.0.0',
    active: false,
    layout: 'modern',
    palette: {
      background: '#ffffff',
      surface: '#ffffff',
      text: '#152228',
      muted: '#51636c',
      accent: '#0b6478',
      on_accent: '#ffffff',
    },
    fonts: { heading: 'system', body: 'serif' },
  })
  made.push(id)
  return id
}

const made: string[] = []
test.afterAll(async () => {
  for (const id of made.splice(0)) {
    await fetch(`${stack.api}/v1/themes/${id}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${stack.token}` },
    })
  }
})
