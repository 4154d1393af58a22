import { useSyncExternalStore } from 'react'

const query = matchMedia('(width >= 760px)')

/** Whether there is room to draw. */
export function useIsWide(): boolean {
  return useSyncExternalStore(
    changed => {
      query.addEventListener('change', changed)
      return () => query.removeEventListener('change', changed)
    },
    () => query.matches,
  )
}
