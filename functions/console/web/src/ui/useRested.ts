import { useEffect, useState } from 'react'

/** What somebody is still typing, once they pause: nobody is asked about half a word. */
export function useRested<T>(value: T, ms = 300): T {
  const [rested, rest] = useState(value)
  useEffect(() => {
    const pause = setTimeout(() => rest(value), ms)
    return () => clearTimeout(pause)
  }, [value, ms])
  return rested
}
