import { useSyncExternalStore } from 'react'
import type { BaseLocationHook } from 'wouter'

/**
 * Where one is in the console, all of it behind the `#`: a list that is sorted out, `#/tenants?status=failed`, can be linked to and
 * gone back to. What stands before the `#` is the issuer's, which answers there.
 */
export const usePlace: BaseLocationHook = () => [useSyncExternalStore(subscribe, path), go]
usePlace.searchHook = () => useSyncExternalStore(subscribe, search)
usePlace.hrefs = place => `#${place}`

const parts = () => `/${location.hash.replace(/^#?\/?/, '')}`.split('?')
const path = () => parts()[0] ?? '/'
const search = () => parts()[1] ?? ''

function subscribe(changed: () => void) {
  addEventListener('hashchange', changed)
  return () => removeEventListener('hashchange', changed)
}

function go(place: string, { replace = false }: { replace?: boolean } = {}) {
  history[replace ? 'replaceState' : 'pushState'](null, '', `#${place}`)
  // A history that is written tells nobody.
  dispatchEvent(new HashChangeEvent('hashchange'))
}
