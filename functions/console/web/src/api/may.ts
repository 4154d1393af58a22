import { useRead } from './live'
import permissions from './permissions.json'

/** For example `POST /v1/tenants/{id}/suspend`. */
export type Act = keyof typeof permissions

/** Whether whoever signed in may ask for that. The API's document says so, and the API keeps to it: what is not granted is not offered. */
export function useMay(): (act: Act) => boolean {
  const { data: me } = useRead('/v1/me')
  const role = me?.role
  return act => permissions[act].some(granted => granted === role)
}
