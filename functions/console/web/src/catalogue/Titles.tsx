import { Field } from '../ui/Field'

interface Titled {
  id: string
  name: string
  description: string
}

interface Props {
  of: Titled
  isNew: boolean
  onChange: (change: Partial<Titled>) => void
  problem: (field: 'id' | 'name') => string | undefined
}

/** What an entry is known by. The id is chosen once. */
export function Titles({ of, isNew, onChange, problem }: Props) {
  return (
    <>
      <div className="fields">
        {isNew && (
          <Field
            label="Id"
            hint="In addresses; it stays."
            value={of.id}
            onChange={id => onChange({ id })}
            isRequired
            problem={problem('id')}
          />
        )}
        <Field
          label="Name"
          value={of.name}
          onChange={name => onChange({ name })}
          isRequired
          problem={problem('name')}
        />
      </div>
      <Field
        label="Description"
        lines={2}
        value={of.description}
        onChange={description => onChange({ description })}
      />
    </>
  )
}
