import { Button } from '../../ui/Button'
import { Check } from '../../ui/Check'
import { Field } from '../../ui/Field'
import type { Bound } from './draft'
import '../../ui/Entries.css'

interface Props {
  bounds: readonly Bound[]
  onChange: (bounds: Bound[]) => void
  problem: (field: string) => string | undefined
}

/** Which settings an admin can override for one tenant, and how far. */
export function Bounds({ bounds, onChange, problem }: Props) {
  const put = (at: number, change: Partial<Bound>) =>
    onChange(bounds.map((old, i) => (i === at ? { ...old, ...change } : old)))
  return (
    <fieldset className="entries">
      <legend>Bounds</legend>
      <p className="quiet small">
        How far a setting can be overridden for one tenant; one that is not named cannot be.
      </p>
      {bounds.map((bound, at) => {
        const of = bound.name || `line ${at + 1}`
        return (
          <div className="bound" key={at} role="group" aria-label={`Bounds of ${of}`}>
            <Field label="Setting" value={bound.name} onChange={name => put(at, { name })} />
            <Field
              label="From"
              value={bound.min}
              onChange={min => put(at, { min })}
              problem={problem(`bounds.${at}.min`)}
            />
            <Field
              label="To"
              value={bound.max}
              onChange={max => put(at, { max })}
              problem={problem(`bounds.${at}.max`)}
            />
            <Field
              label="Only"
              placeholder="any, or 1, 2, 4"
              value={bound.values}
              onChange={values => put(at, { values })}
            />
            <Check label="A count" isSelected={bound.whole} onChange={whole => put(at, { whole })} />
            <Button
              look="bare"
              aria-label={`Remove the bounds of ${of}`}
              onPress={() => onChange(bounds.filter((_, i) => i !== at))}
            >
              Remove
            </Button>
          </div>
        )
      })}
      <div>
        <Button
          aria-label="Add to Bounds"
          onPress={() => onChange([...bounds, { name: '', min: '', max: '', values: '', whole: false }])}
        >
          Add
        </Button>
      </div>
    </fieldset>
  )
}
