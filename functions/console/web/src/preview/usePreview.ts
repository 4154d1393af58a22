import { type UseQueryResult, useQuery } from '@tanstack/react-query'

import { type Schemas, settled } from '../api/client'
import type { Problem } from '../api/problem'
import { useRested } from '../ui/useRested'

type Preview = Schemas['Preview']
type Asked = Promise<{ data?: unknown; error?: unknown; response: Response }>

/** The API takes no change without one; what is only looked at is kept nowhere. */
export const LOOKING = 'to see what it would do'

/** What a change would come to, whenever what is wished is another. Nothing is done by it. */
export function usePreview<W>(
  of: string,
  wish: W | null,
  ask: (wish: W) => Asked,
): UseQueryResult<Preview, Problem> {
  const rested = useRested(JSON.stringify(wish))
  return useQuery<Preview, Problem>({
    queryKey: ['preview', of, rested],
    queryFn: async () => (await settled(ask(JSON.parse(rested) as W))) as Preview,
    enabled: wish !== null && rested !== 'null',
    staleTime: 0,
    gcTime: 0,
  })
}
