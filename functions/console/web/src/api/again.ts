import { useEffect, useRef } from 'react'
import { useQueryClient } from '@tanstack/react-query'

/** What else is on a tenant's page follows the tenant: it was read for how the tenant was. */
export function useReadAgain(id: string, tenant: object | undefined) {
  const client = useQueryClient()
  const shown = useRef(tenant)
  useEffect(() => {
    const before = shown.current
    shown.current = tenant
    if (!before || !tenant || before === tenant) return
    void client.invalidateQueries({
      predicate: ({ queryKey: [path, params] }) =>
        String(path).startsWith('/v1/tenants/{id}/') &&
        (params as { path?: { id?: string } } | undefined)?.path?.id === id,
    })
  }, [tenant, client, id])
}
