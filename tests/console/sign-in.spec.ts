import type { Page, Request } from '@playwright/test'

import { expect, fillIn, signIn, test } from './console'
import { of, owner } from './people'
import { stack } from './stack'

test.use({ role: null })

const operator = of('operator')

test('a visitor is led to the issuer, and back to the place that was wanted', async ({ page }) => {
  const exchanges = asked(page, '/oauth2/token')
  await page.goto(`${stack.console}#/tenants`)
  await page.waitForURL('**/oauth2/authorize?*')
  const wanted = new URL(page.url()).searchParams
  expect(wanted.get('response_type')).toBe('code')
  expect(wanted.get('code_challenge_method')).toBe('S256')
  const answered = page.waitForResponse(answer => answer.url().startsWith(`${stack.api}/v1/`) && answer.ok())
  await fillIn(page, operator)
  const headers = await (await answered).request().allHeaders()
  expect(claims(headers.authorization)['cognito:groups']).toEqual(['operator'])
  expect(page.url()).toBe(`${stack.console}/index.html#/tenants`)
  // The code was of use with the secret that only this tab had.
  expect(
    exchanges.map(exchange => new URLSearchParams(exchange.postData()!).get('code_verifier')?.length),
  ).toEqual([expect.any(Number)])
})

test('the owner of a tenant is known by their token', async ({ page }) => {
  const grace = await owner('acme-coffee-cb8908')
  await page.goto(stack.console)
  const asking = page.waitForRequest(request => request.url().startsWith(`${stack.api}/v1/`))
  await fillIn(page, grace)
  const { authorization } = await (await asking).allHeaders()
  expect(claims(authorization)['custom:tenant']).toBe('acme-coffee-cb8908')
})

test('a wrong password does not lead back', async ({ page }) => {
  await page.goto(stack.console)
  await fillIn(page, { ...operator, password: 'Aa1-not-the-password' })
  await expect(page.getByText('Incorrect username or password')).toBeVisible()
  expect(page.url()).not.toContain('/console')
})

test('a reload keeps the session, and nothing of it outlives the tab', async ({ page }) => {
  await signIn(page, operator)
  const logins = asked(page, '/oauth2/authorize')
  await page.reload()
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeAttached()
  expect(logins).toEqual([])
  expect(await page.evaluate(() => localStorage.length + document.cookie.length)).toBe(0)
})

test('a token that soon ends is renewed, once, and its bearer stays who they were', async ({ page }) => {
  await signIn(page, operator)
  await age(page, 30)
  const exchanges = asked(page, '/oauth2/token')
  const answered = page.waitForResponse(answer => answer.url().startsWith(`${stack.api}/v1/`))
  await page.goto(stack.console)
  const answer = await answered
  expect(answer.status()).toBe(200)
  expect(claims((await answer.request().allHeaders()).authorization)['cognito:groups']).toEqual(['operator'])
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeAttached()
  expect(exchanges.map(exchange => new URLSearchParams(exchange.postData()!).get('grant_type'))).toEqual([
    'refresh_token',
  ])
})

test('a session that the issuer has ended leads to the issuer', async ({ page }) => {
  await signIn(page, operator)
  await age(page, -30, 'ended')
  await page.goto(stack.console)
  await expect(page.getByLabel('Password')).toBeVisible()
})

test('an issuer that is not reached is no reason to sign in again while the token is good', async ({
  page,
}) => {
  await signIn(page, operator)
  await age(page, 30)
  await page.route('**/oauth2/token', route => route.abort())
  await page.goto(stack.console)
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeAttached()
})

test('an answer that this tab has not asked for is not taken', async ({ page }) => {
  const exchanges = asked(page, '/oauth2/token')
  await page.goto(`${stack.console}/index.html?code=of-somebody-else&state=of-somebody-else`)
  await expect(page.getByLabel('Password')).toBeVisible()
  expect(exchanges).toEqual([])
})

test('what the issuer refuses is said, and a reload tries again', async ({ page }) => {
  // The issuer answers as for somebody who may not get in.
  await page.route('**/oauth2/authorize?*', route => {
    const { searchParams } = new URL(route.request().url())
    const answer = {
      error: 'access_denied',
      error_description: 'You may not.',
      state: searchParams.get('state')!,
    }
    const location = `${searchParams.get('redirect_uri')}?${new URLSearchParams(answer)}`
    return route.fulfill({ status: 302, headers: { location } })
  })
  await page.goto(stack.console)
  await expect(page.getByText('You may not.')).toBeVisible()
  await page.unroute('**/oauth2/authorize?*')
  await page.reload()
  await expect(page.getByLabel('Password')).toBeVisible()
})

test('who signs out is out', async ({ page }) => {
  await signIn(page, operator)
  await page.getByRole('button', { name: 'Sign out' }).click()
  await expect(page.getByLabel('Password')).toBeVisible()
  await page.goto(stack.console)
  await expect(page.getByLabel('Password')).toBeVisible()
})

test.describe('in a page that somebody got a script into', () => {
  test('it does not run, and nobody else can be asked', async ({ page, misdeeds }) => {
    await signIn(page, operator)
    const outcome = await page.evaluate(async () => {
      const script = document.createElement('script')
      script.textContent = 'window.bad = true'
      document.head.append(script)
      const sent = await fetch('https://collector.example/').then(
        () => 'sent',
        () => 'held',
      )
      return { ran: 'bad' in window, sent }
    })
    expect(outcome).toEqual({ ran: false, sent: 'held' })
    // Which is what the browser complains of.
    expect(misdeeds.splice(0).length).toBeGreaterThan(0)
  })
})

/** The requests to an endpoint of the issuer's from here on. */
function asked(page: Page, path: string): Request[] {
  const requests: Request[] = []
  page.on('request', request => {
    if (new URL(request.url()).pathname === path && request.method() !== 'OPTIONS') requests.push(request)
  })
  return requests
}

/** Has the kept token end in so many seconds, and the issuer know the refresh token or not. The page, which asks all the time, is left. */
async function age(page: Page, seconds: number, refresh?: string): Promise<void> {
  await page.goto(`${stack.console}/config.json`)
  const found = await page.evaluate(
    ({ seconds, refresh }) => {
      const key = Object.keys(sessionStorage).find(key => key.startsWith('sign-in.user:'))
      if (!key) return false
      const user = JSON.parse(sessionStorage.getItem(key)!)
      user.expires_at = Math.floor(Date.now() / 1000) + seconds
      if (refresh) user.refresh_token = refresh
      sessionStorage.setItem(key, JSON.stringify(user))
      return true
    },
    { seconds, refresh },
  )
  expect(found).toBe(true)
}

function claims(authorization: string | undefined): Record<string, unknown> {
  return JSON.parse(Buffer.from(authorization!.split('.')[1]!, 'base64url').toString())
}
