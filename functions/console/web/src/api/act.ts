import { useRef } from 'react'
import { type UseMutationResult, useMutation, useQueryClient } from '@tanstack/react-query'

import { settled } from './client'
import { Problem } from './problem'

type Asked<T> = Promise<{ data?: T; error?: unknown; response: Response }>

/**
 * Something that is done. What is on the page is read again afterwards: much may have changed by it.
 *
 * `key` goes into `Idempotency-Key`: who asks for the same again because nobody answered has it done once.
 */
export function useAct<T, V = void>(
  ask: (wish: V, key: string) => Asked<T>,
): UseMutationResult<T, Problem, V> {
  const client = useQueryClient()
  const unanswered = useRef<{ wish: string; key: string } | null>(null)
  return useMutation<T, Problem, V>({
    mutationFn: async wish => {
      const said = JSON.stringify(wish) ?? ''
      const before = unanswered.current?.wish === said ? unanswered.current : null
      const { key } = (unanswered.current = before ?? { wish: said, key: crypto.randomUUID() })
      try {
        const done = await settled(ask(wish, key))
        unanswered.current = null
        return done
      } catch (error) {
        if (!(error instanceof Problem && error.passing)) unanswered.current = null
        throw error
      }
    },
    // Not waited for: what was answered is told at once.
    onSettled: () => void client.invalidateQueries(),
  })
}
