import { ErrorResponse, type User } from 'oidc-client-ts'

import { configuration } from '../configuration'
import { here, issuer, kept } from './issuer'

/** Somebody who has signed in. */
export interface Session {
  /**
   * For the API. It is the id token, not the access token: the API goes by claims, and a user pool puts the tenant that somebody owns
   * into id tokens alone.
   */
  token: string
}

/** A token that ends sooner than in so many seconds is renewed first. */
const SOON = 60
/** An issuer whose fresh token is refused would be gone to for ever. */
const AT_ONCE_MS = 10_000

let cameBack = -Infinity
let asked: Promise<User | null> | undefined

/** Who has signed in, with a token that is good; null when it takes the issuer to get one. */
export async function session(): Promise<Session | null> {
  // Many ask at once, and a code or a refresh token is good for one exchange.
  asked ??= current().finally(() => (asked = undefined))
  const user = await asked
  return user?.id_token ? { token: user.id_token } : null
}

/** Goes to the issuer, which leads back to the same place in the console. It never returns: the page is left. */
export async function signIn(): Promise<void> {
  if (performance.now() - cameBack < AT_ONCE_MS) {
    throw new Error(
      'The API refuses the token that the issuer has just given. Is the console’s client in OidcAudience?',
    )
  }
  const manager = await issuer()
  await manager.signinRedirect({ state: location.hash })
  await leaving()
}

/** Ends the session here and at the issuer. */
export async function signOut(): Promise<void> {
  const [manager, told] = [await issuer(), await configuration()]
  if (told.end_session_endpoint) {
    // A user pool has names of its own for what it wants to know.
    await manager.removeUser()
    const end = new URL(told.end_session_endpoint)
    end.search = new URLSearchParams({ client_id: told.client_id, logout_uri: here }).toString()
    location.assign(end)
  } else if (await manager.metadataService.getEndSessionEndpoint()) {
    await manager.signoutRedirect()
  } else {
    // The issuer knows no end of a session.
    await manager.removeUser()
    location.assign(here)
  }
  await leaving()
}

async function current(): Promise<User | null> {
  const manager = await issuer()
  const user = (await returned()) ?? (await manager.getUser())
  if (!user || (user.expires_in ?? 0) > SOON) return user
  if (!user.refresh_token) return user.expired ? null : user
  try {
    return await manager.signinSilent()
  } catch (error) {
    // Ended by the issuer: after twelve hours, or because somebody is no longer to get in.
    if (error instanceof ErrorResponse) {
      await manager.removeUser()
      return null
    }
    if (!user.expired) return user
    throw error
  }
}

/** Who comes back from the issuer with this very load of the page. */
async function returned(): Promise<User | null> {
  const answer = new URLSearchParams(location.search)
  const state = answer.get('state')
  if (!state || !(answer.has('code') || answer.has('error'))) return null
  const address = location.href
  // Before anything can fail: an answer is good once, and is not to be asked again by a reload.
  history.replaceState(null, '', here + location.hash)
  // An answer to another tab, or to a page that was left long ago.
  if (!(await kept.get(state))) return null
  const user = await (await issuer()).signinRedirectCallback(address)
  cameBack = performance.now()
  if (typeof user.state === 'string') history.replaceState(null, '', here + user.state)
  return user
}

/** Until the browser has left, nothing goes on here. */
function leaving(): Promise<never> {
  return new Promise(() => {})
}
