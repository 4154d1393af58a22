import { useEffect } from 'react'
import { createParser } from 'eventsource-parser'
import { type QueryKey, type UseQueryResult, useQuery, useQueryClient } from '@tanstack/react-query'
import type { MethodResponse, ParamsOption } from 'openapi-fetch'
import type { PathsWithMethod } from 'openapi-typescript-helpers'

import { api, settled } from './client'
import { reached } from './reachable'
import { Problem } from './problem'
import type { paths } from './schema'

type Readable = PathsWithMethod<paths, 'get'>
type Answer<P extends Readable> = MethodResponse<typeof api, 'get', P>
type Params<P extends Readable> = ParamsOption<paths[P]['get']> extends { params?: infer Q } ? Q : never

/** A resource of the API. `null` asks nothing: what it depends on is not known yet. */
export type Wanted<P extends Readable> = readonly [path: P, params?: Params<P>] | null

/** How long to wait after the first failure, and after many. */
const PATIENCE = { first: 500, most: 10_000 }

export function keyOf<P extends Readable>(path: P, params?: Params<P>): QueryKey {
  return params === undefined ? [path] : [path, params]
}

// The one place where a path is not followed by its types: the hooks' callers are checked.
function get(
  path: Readable,
  params: unknown,
  init: { headers?: object; signal: AbortSignal; parseAs?: 'text' },
) {
  return (
    api.GET as (
      path: Readable,
      init: object,
    ) => Promise<{ data?: unknown; error?: unknown; response: Response }>
  )(path, { params, ...init })
}

/** Reads a resource, and again when something else on the page has changed it. */
export function useRead<P extends Readable>(
  ...wanted: NonNullable<Wanted<P>>
): UseQueryResult<Answer<P>, Problem> {
  const [path, params] = wanted
  return useQuery<Answer<P>, Problem>({
    queryKey: keyOf(path, params),
    queryFn: ({ signal }) =>
      settled(get(path, params, { signal }) as Promise<{ data?: Answer<P>; response: Response }>),
  })
}

/**
 * Reads a resource and keeps it as it is: whatever is committed is on the page within a second (docs/decisions/0046-every-resource-can-be-watched.md).
 *
 * A browser holds six connections to a host of HTTP/1.1, and a watch holds one: a page has one resource that it watches, and reads the
 * others again when that changes.
 */
export function useLive<P extends Readable>(
  ...wanted: NonNullable<Wanted<P>>
): UseQueryResult<Answer<P>, Problem> {
  const [path, params] = wanted
  const client = useQueryClient()
  const read = useRead(path, params)
  const key = JSON.stringify(keyOf(path, params))
  useEffect(() => {
    const over = new AbortController()
    void watch(path, params, over.signal, {
      changed: body => client.setQueryData(keyOf(path, params), body),
      // The page says what the API says: a resource that is gone is gone here, too.
      refused: () => void client.invalidateQueries({ queryKey: keyOf(path, params) }),
    })
    return () => over.abort()
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the key says all that path and params do
  }, [key, client])
  return read
}

interface Watcher {
  changed(body: unknown): void
  refused(problem: Problem): void
}

/** Asks for what has changed since the last answer, again and again. A tab that nobody sees asks for nothing. */
async function watch(path: Readable, params: unknown, over: AbortSignal, watcher: Watcher): Promise<void> {
  let last: string | undefined
  let patience = PATIENCE.first
  while (!over.aborted) {
    await seen(over)
    const hidden = untilHidden(over)
    try {
      const headers = { accept: 'text/event-stream', ...(last && { 'last-event-id': last }) }
      const text = await settled(get(path, params, { headers, signal: hidden, parseAs: 'text' }))
      let told = false
      const parser = createParser({
        onEvent: event => {
          told = true
          last = event.id
          watcher.changed(JSON.parse(event.data))
        },
      })
      parser.feed(String(text))
      reached(true)
      patience = PATIENCE.first
      // Nothing was new for long; or something between us and the API does not let it wait.
      if (!told) await pause(PATIENCE.first, over)
    } catch (error) {
      if (over.aborted) return
      if (!(error instanceof Problem)) continue // Hidden meanwhile.
      if (!error.passing) return watcher.refused(error)
      reached(error.status !== 0)
      await pause(patience * (0.5 + Math.random() / 2), over)
      patience = Math.min(patience * 2, PATIENCE.most)
    }
  }
}

function untilHidden(over: AbortSignal): AbortSignal {
  const hidden = new AbortController()
  const look = () => document.hidden && hidden.abort()
  document.addEventListener('visibilitychange', look, { signal: AbortSignal.any([over, hidden.signal]) })
  return AbortSignal.any([over, hidden.signal])
}

function seen(over: AbortSignal): Promise<void> {
  if (!document.hidden || over.aborted) return Promise.resolve()
  return new Promise(resolve => {
    document.addEventListener('visibilitychange', () => resolve(), { once: true, signal: over })
    over.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Ends early when the network comes back. */
function pause(ms: number, over: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, ms)
    const end = () => {
      clearTimeout(timer)
      resolve()
    }
    window.addEventListener('online', end, { once: true, signal: over })
    over.addEventListener('abort', end, { once: true })
  })
}
