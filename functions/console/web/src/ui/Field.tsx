import {
  FieldError,
  Input,
  Label,
  ListBox,
  ListBoxItem,
  Popover,
  Select,
  SelectValue,
  Button as Pressable,
  Text,
  TextArea,
  TextField,
  type TextFieldProps,
} from 'react-aria-components'

import './Field.css'

interface Props extends Omit<TextFieldProps, 'children'> {
  /** Where nothing is written beside it, `aria-label` says what it is. */
  label?: string
  hint?: string | undefined
  /** What is wrong with it, as the API said. */
  problem?: string | undefined
  lines?: number
  placeholder?: string
}

/** A line of text that somebody types, or several. */
export function Field({ label, hint, problem, lines, placeholder, ...props }: Props) {
  return (
    <TextField {...props} className="field" isInvalid={problem !== undefined || (props.isInvalid ?? false)}>
      {label && <Label>{label}</Label>}
      {lines ? <TextArea rows={lines} placeholder={placeholder} /> : <Input placeholder={placeholder} />}
      {hint && <Text slot="description">{hint}</Text>}
      <FieldError>{problem}</FieldError>
    </TextField>
  )
}

export interface Option {
  id: string
  label: string
  detail?: string
}

interface ChoiceProps {
  label: string
  options: readonly Option[]
  value: string | null
  onChange: (id: string) => void
  placeholder?: string
  isDisabled?: boolean
  problem?: string | undefined
}

/** One of several. */
export function Choice({ label, options, value, onChange, placeholder, isDisabled, problem }: ChoiceProps) {
  return (
    <Select
      className="field"
      value={value}
      onChange={key => key !== null && onChange(String(key))}
      isDisabled={isDisabled ?? false}
      placeholder={placeholder ?? 'Choose'}
      isInvalid={problem !== undefined}
    >
      <Label>{label}</Label>
      <Pressable className="choice">
        <SelectValue />
        <span aria-hidden="true">▾</span>
      </Pressable>
      <FieldError>{problem}</FieldError>
      <Popover className="popover">
        <ListBox className="options" items={options}>
          {option => (
            <ListBoxItem id={option.id} textValue={option.label} className="option">
              <Text slot="label">{option.label}</Text>
              {option.detail && (
                <Text slot="description" className="quiet small">
                  {option.detail}
                </Text>
              )}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </Select>
  )
}
