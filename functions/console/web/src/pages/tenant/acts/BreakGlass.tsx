import { Check } from '../../../ui/Check'

interface Props {
  isSelected: boolean
  onChange: (is: boolean) => void
}

/** Goes ahead alone with what takes two. */
export function BreakGlass(props: Props) {
  return (
    <Check
      {...props}
      label="Break the glass"
      hint="It is done without the approval of anybody else, and told in the audit log."
    />
  )
}
