import { type ReactNode, useId } from 'react'
import { FieldError, Label, Radio, RadioGroup, Text } from 'react-aria-components'

import './Picks.css'

export interface Pick {
  id: string
  /** What it is called by those who do not see it. */
  label: string
  content: ReactNode
}

interface Props {
  label: string
  hint?: string
  picks: readonly Pick[]
  value: string | null
  onChange: (id: string) => void
  problem?: string | undefined
}

/** One of several that have to be seen to be chosen from. */
export function Picks({ label, hint, picks, value, onChange, problem }: Props) {
  const id = useId()
  return (
    <RadioGroup className="field" value={value} onChange={onChange} isInvalid={problem !== undefined}>
      <Label>{label}</Label>
      {hint && <Text slot="description">{hint}</Text>}
      <div className="picks">
        {picks.map(pick => (
          <Radio
            key={pick.id}
            value={pick.id}
            className="pick"
            aria-label={pick.label}
            aria-describedby={`${id}-${pick.id}`}
          >
            <div id={`${id}-${pick.id}`} className="pick-content">
              {pick.content}
            </div>
          </Radio>
        ))}
      </div>
      <FieldError>{problem}</FieldError>
    </RadioGroup>
  )
}
