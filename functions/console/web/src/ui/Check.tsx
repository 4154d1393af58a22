import { Checkbox, CheckboxGroup, FieldError, Label, Text } from 'react-aria-components'

import './Check.css'

interface Props {
  label: string
  hint?: string
  isSelected: boolean
  onChange: (is: boolean) => void
}

/** Something that is so or is not. */
export function Check({ label, hint, ...props }: Props) {
  return (
    <Checkbox {...props} className="check">
      <Box />
      <span>
        {label}
        {hint && <span className="quiet small check-hint">{hint}</span>}
      </span>
    </Checkbox>
  )
}

interface ChecksProps {
  label: string
  hint?: string
  options: readonly { id: string; label: string }[]
  value: readonly string[]
  onChange: (ids: string[]) => void
  problem?: string | undefined
}

/** Any of several. */
export function Checks({ label, hint, options, value, onChange, problem }: ChecksProps) {
  return (
    <CheckboxGroup className="field" value={[...value]} onChange={onChange} isInvalid={problem !== undefined}>
      <Label>{label}</Label>
      <div className="checks">
        {options.map(option => (
          <Checkbox key={option.id} value={option.id} className="check">
            <Box />
            <span>{option.label}</span>
          </Checkbox>
        ))}
      </div>
      {hint && <Text slot="description">{hint}</Text>}
      <FieldError>{problem}</FieldError>
    </CheckboxGroup>
  )
}

function Box() {
  return (
    <span className="check-box" aria-hidden="true">
      <svg viewBox="0 0 12 12">
        <path d="M2.2 6.4 4.8 9l5-5.8" />
      </svg>
    </span>
  )
}
