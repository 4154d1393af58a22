import { useEffect, useState } from 'react'

import { useRead } from '../../api/live'
import { Button } from '../../ui/Button'

/** How long the typing has rested before it is asked about. */
const REST_MS = 300

/** What was typed last, once the typing rests. */
function useRested(text: string): string {
  const [rested, rest] = useState(text)
  useEffect(() => {
    const timer = setTimeout(() => rest(text), REST_MS)
    return () => clearTimeout(timer)
  }, [text])
  return rested
}

interface Props {
  subdomain: string
  /** The one that it has: that is theirs already. */
  own: string
  onTake: (subdomain: string) => void
}

/** Whether a subdomain can be had, while it is typed. */
export function Availability({ subdomain, own, onTake }: Props) {
  const rested = useRested(subdomain)
  return (
    <div role="status" className="availability small">
      {rested === own ? (
        <span className="quiet">The one they asked for; it is kept for them.</span>
      ) : rested !== subdomain ? (
        <span className="quiet">Asking whether it is free …</span>
      ) : (
        rested && <Answer subdomain={rested} own={own} onTake={onTake} />
      )}
    </div>
  )
}

function Answer({ subdomain, own, onTake }: Props) {
  const { data, error } = useRead('/v1/subdomains/{subdomain}', { path: { subdomain } })
  if (error) return <span className="not-available">{error.message}</span>
  if (!data) return <span className="quiet">Asking whether it is free …</span>
  if (data.available) return <span className="available">{subdomain} is free.</span>
  return (
    <>
      <span className="not-available">{data.problem}.</span>
      <Suggestion name={subdomain} own={own} onTake={onTake} />
    </>
  )
}

function Suggestion({ name, own, onTake }: { name: string } & Pick<Props, 'own' | 'onTake'>) {
  const { data } = useRead('/v1/subdomains', { query: { name: name.slice(0, 80) } })
  if (!data || data.subdomain === own) return null
  return (
    <Button look="bare" onPress={() => onTake(data.subdomain)}>
      Take {data.subdomain}
    </Button>
  )
}
