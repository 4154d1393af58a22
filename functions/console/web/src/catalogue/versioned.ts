import { type UseQueryResult, useQuery } from '@tanstack/react-query'

import { settled } from '../api/client'
import type { Problem } from '../api/problem'
import type { Readable } from './entries'

/** An entry as it was read, with the version that a change of it is a change of. */
export interface Versioned<T> {
  value: T
  version: string | null
}

/** Reads an entry anew for each editor: what is saved over must be what was seen. */
export function useVersioned<T>(entries: Readable<T>, id: string): UseQueryResult<Versioned<T>, Problem> {
  return useQuery<Versioned<T>, Problem>({
    queryKey: ['versioned', entries.kind, id],
    queryFn: async () => {
      const asked = entries.read(id)
      const value = await settled(asked)
      return { value, version: (await asked).response.headers.get('etag') }
    },
    gcTime: 0,
  })
}
