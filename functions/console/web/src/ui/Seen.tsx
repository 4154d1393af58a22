import { Facts } from './Facts'
import { spelled } from './State'

/** Whatever a provider's answer was made of, as it stands. */
export function Seen({ of: value }: { of: unknown }) {
  if (value === null || value === undefined) return <span className="quiet">nothing</span>
  if (Array.isArray(value)) {
    return (
      <ul className="tenant-list">
        {value.map((one, at) => (
          <li key={at}>
            <Seen of={one} />
          </li>
        ))}
      </ul>
    )
  }
  if (typeof value === 'object') {
    return (
      <Facts
        of={Object.fromEntries(
          Object.entries(value).map(([name, one]) => [spelled(name), <Seen key={name} of={one} />]),
        )}
      />
    )
  }
  return <code>{String(value)}</code>
}
