import type { ReactNode } from 'react'
import type { UseQueryResult } from '@tanstack/react-query'

import type { Problem } from '../api/problem'
import { Refusal } from './Notice'
import './Loaded.css'

interface Props<T> {
  query: UseQueryResult<T, Problem>
  children: (data: T) => ReactNode
}

/** What was read, once it is; until then that it is being read, or why it cannot be. */
export function Loaded<T>({ query, children }: Props<T>) {
  if (query.data !== undefined) return children(query.data)
  if (query.error) return <Refusal of={query.error} />
  return (
    <div className="loading" role="status">
      <span className="spoken">Loading</span>
    </div>
  )
}
