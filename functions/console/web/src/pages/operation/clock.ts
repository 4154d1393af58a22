import { useNow } from '../../ui/Time'
import type { Schemas } from '../../api/client'
import { isOver } from './possible'

/**
 * What time it is where the operation runs: the reader's own clock may be wrong. `read` is when the operation was read, by the reader's;
 * once it is over time stands still.
 */
export function useTheirNow(operation: Schemas['Operation'], read: number): number {
  const over = isOver(operation)
  const mine = useNow(over ? 60_000 : 1_000).getTime()
  const then = Date.parse(operation.accepted_at) + operation.wall_ms
  return over ? then : then + Math.max(0, mine - read)
}
