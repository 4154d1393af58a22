import { useState } from 'react'

import { Button } from './Button'
import './Pager.css'

export interface Pages {
  /** Where the page begins that is shown: the `next` of the one before. */
  after: string | undefined
  number: number
  back: () => void
  on: (next: string) => void
}

/** A list that is gone through page by page, and back. */
export function usePages(): Pages {
  const [begins, setBegins] = useState<(string | undefined)[]>([undefined])
  return {
    after: begins.at(-1),
    number: begins.length,
    back: () => setBegins(begins.slice(0, -1)),
    on: next => setBegins([...begins, next]),
  }
}

interface Props {
  /** Of what, for those who do not see it. */
  label: string
  pages: Pages
  next: string | null | undefined
}

/** Leads through a list that has more than one page. */
export function Pager({ label, pages, next }: Props) {
  if (pages.number === 1 && !next) return null
  return (
    <nav className="pager" aria-label={label}>
      <Button isDisabled={pages.number === 1} onPress={pages.back}>
        Earlier
      </Button>
      <span className="quiet small" role="status">
        page {pages.number}
      </span>
      <Button isDisabled={!next} onPress={() => next && pages.on(next)}>
        Later
      </Button>
    </nav>
  )
}
