import { UserManager, WebStorageStateStore } from 'oidc-client-ts'

import { configuration } from '../configuration'

/** Where the issuer leads people back to: this page, wherever it lives, by its own name. */
export const here = new URL('index.html', location.href).href

/**
 * In `sessionStorage`, which ends with its tab. A token in memory alone would be gone with every reload, and its bearer sent to the
 * issuer each time; it would be no safer, for a foreign script in the page could ask `session` for it, too, and the policy lets none
 * in. `localStorage` is shared by tabs and outlives them: what is found there in the evening is still good.
 */
export const kept = new WebStorageStateStore({ store: sessionStorage, prefix: 'sign-in.' })

let known: Promise<UserManager> | undefined

/** The issuer of this deployment. */
export function issuer(): Promise<UserManager> {
  known ??= configuration().then(told => {
    const { authorization_endpoint, token_endpoint, end_session_endpoint } = told
    if (!told.client_id) {
      throw new Error(
        'The issuer does not know the console: the deployment needs the parameter OidcConsoleClient.',
      )
    }
    return new UserManager({
      authority: told.issuer,
      client_id: told.client_id,
      redirect_uri: here,
      post_logout_redirect_uri: here,
      scope: 'openid email profile',
      // The issuer is asked for its description where the deployment does not say what is in it.
      ...(token_endpoint && {
        metadata: { issuer: told.issuer, authorization_endpoint, token_endpoint, end_session_endpoint },
      }),
      userStore: kept,
      stateStore: kept,
      // By `session`, when a token is wanted: without a timer, a tab that is left alone renews nothing.
      automaticSilentRenew: false,
    })
  })
  return known
}
