import createClient, { type Middleware } from 'openapi-fetch'

import { Problem } from './problem'
import type { components, paths } from './schema'
import { session, signIn } from '../sign-in'

/** What the API is made of, by the names of its own document. */
export type Schemas = components['schemas']

/** Where the API is. It is known only once the page has its configuration. */
let address = ''

/**
 * A request to where the API is, made for there from the beginning: one that is made of another has a stream for its body, and browsers
 * send that by HTTP/2 alone.
 */
class Addressed extends Request {
  constructor(path: RequestInfo | URL, init?: RequestInit) {
    super(typeof path === 'string' ? address + path : path, init)
  }
}

// A browser's cache has who reads or changes a resource wait for who is reading it: a watch does so for 20 s.
export const api = createClient<paths>({ Request: Addressed, cache: 'no-store' })

const signed: Middleware = {
  async onRequest({ request }) {
    const current = await session()
    if (current) request.headers.set('authorization', `Bearer ${current.token}`)
    return request
  },
  async onResponse({ response }) {
    // The token ended while the page was left alone.
    if (response.status === 401) await signIn()
  },
}

api.use(signed)

/** Says where the API is, relative to the page. */
export function reach(base: string) {
  address = new URL(base, document.baseURI).href.replace(/\/v1\/?$/, '')
}

type Answered<T> = { data?: T; error?: unknown; response: Response }

/** What was answered, or the problem that it is. */
export async function settled<T>(asked: Promise<Answered<T>>): Promise<T> {
  const answer = await asked.catch(error => {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw Problem.unreachable()
  })
  if (!answer.response.ok) throw Problem.of(answer.response.status, answer.error)
  return answer.data as T
}
