import { useEffect, useState } from 'react'

import { Button } from './Button'

/** How long it says that it was done. */
const SAID_MS = 2_000

/** Puts a text into the clipboard. */
export function Copy({ text, what }: { text: string; what: string }) {
  const [said, say] = useState('')
  useEffect(() => {
    if (!said) return
    const silence = setTimeout(() => say(''), SAID_MS)
    return () => clearTimeout(silence)
  }, [said])
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => say('Copied'),
      () => say('Not copied'),
    )
  return (
    <>
      <Button look="bare" aria-label={`Copy ${what}`} onPress={() => void copy()}>
        {said || 'Copy'}
      </Button>
      <span role="status" className="spoken">
        {said}
      </span>
    </>
  )
}
