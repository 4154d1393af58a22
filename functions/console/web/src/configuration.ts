/** What a deployment tells its console (`config.json` beside the page). Nothing in it is secret. */
export interface Configuration {
  /** Of OpenID Connect, as in a token's `iss`. */
  issuer: string
  client_id: string
  /** Where the API answers, relative to the page: `../v1`. */
  api: string
  deployment: string
  region: string
  /** Where executions are looked at, up to the execution's ARN; null where there is no such place. */
  states_console: string | null
  /** Where the issuer's own description is not to be had by a browser. */
  authorization_endpoint?: string
  token_endpoint?: string
  end_session_endpoint?: string
}

let read: Promise<Configuration> | undefined

export function configuration(): Promise<Configuration> {
  read ??= fetch('config.json', { cache: 'no-cache' }).then(answer => {
    if (!answer.ok) throw new Error(`The console has no configuration (${answer.status}).`)
    return answer.json() as Promise<Configuration>
  })
  return read
}

/** Where the API answers, for whoever is not on this page. */
export function addressOf({ api }: Configuration): string {
  return new URL(api, document.baseURI).href.replace(/\/$/, '')
}
