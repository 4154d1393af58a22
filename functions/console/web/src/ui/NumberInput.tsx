import { FieldError, Input, Label, NumberField, type NumberFieldProps, Text } from 'react-aria-components'

import './Field.css'

interface Props extends Omit<NumberFieldProps, 'children'> {
  label: string
  hint?: string
  problem?: string | undefined
  placeholder?: string
}

/** A number that somebody types. Empty is NaN. */
export function NumberInput({ label, hint, problem, placeholder, ...props }: Props) {
  return (
    <NumberField {...props} className="field" isInvalid={problem !== undefined} isWheelDisabled>
      <Label>{label}</Label>
      <Input placeholder={placeholder} />
      {hint && <Text slot="description">{hint}</Text>}
      <FieldError>{problem}</FieldError>
    </NumberField>
  )
}
