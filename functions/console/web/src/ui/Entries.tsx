import { Button } from './Button'
import { Field } from './Field'
import './Entries.css'

/** A name and what is said of it, while both are typed. */
export type Entry = readonly [name: string, value: string]

interface Props {
  label: string
  hint?: string
  entries: readonly Entry[]
  onChange: (entries: Entry[]) => void
}

/** Values by their names: any of them, and more. */
export function Entries({ label, hint, entries, onChange }: Props) {
  const put = (at: number, entry: Entry) => onChange(entries.map((old, i) => (i === at ? entry : old)))
  return (
    <fieldset className="entries">
      <legend>{label}</legend>
      {hint && <p className="quiet small">{hint}</p>}
      {entries.map(([name, value], at) => (
        <div className="entry" key={at}>
          <Field
            aria-label={`${label}: name ${at + 1}`}
            placeholder="name"
            value={name}
            onChange={name => put(at, [name, value])}
          />
          <Field
            aria-label={`${label}: value of ${name || at + 1}`}
            placeholder="value"
            value={value}
            onChange={value => put(at, [name, value])}
          />
          <Button
            look="bare"
            aria-label={`Remove ${name || `line ${at + 1}`}`}
            onPress={() => onChange(entries.filter((_, i) => i !== at))}
          >
            Remove
          </Button>
        </div>
      ))}
      <div>
        <Button onPress={() => onChange([...entries, ['', '']])} aria-label={`Add to ${label}`}>
          Add
        </Button>
      </div>
    </fieldset>
  )
}

/** What was typed, as the API has it. A line without a name is no line. */
export function byName(entries: readonly Entry[]): Record<string, string> {
  return Object.fromEntries(
    entries.map(([name, value]) => [name.trim(), value.trim()]).filter(([name]) => name),
  )
}
