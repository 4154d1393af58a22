import { useSyncExternalStore } from 'react'

// When the API answered nobody any more; undefined while it does.
let since: Date | undefined
const listeners = new Set<() => void>()

/** Told by whoever asks the API. */
export function reached(now: boolean) {
  if (now === (since === undefined)) return
  since = now ? undefined : new Date()
  listeners.forEach(listener => listener())
}

/** Since when what is on the page may be old. */
export function useUnreachableSince(): Date | undefined {
  return useSyncExternalStore(
    listener => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => since,
  )
}
