import { Facts } from '../../ui/Facts'
import { Panel } from '../../ui/Panel'
import { spelled } from '../../ui/State'

/** Where it answers. */
export function Endpoints({ of: endpoints }: { of: Record<string, string> }) {
  const all = Object.entries(endpoints)
  return (
    <Panel title="Endpoints">
      {all.length === 0 ? (
        <p className="quiet">It answers nowhere now.</p>
      ) : (
        <Facts
          of={Object.fromEntries(
            all.map(([name, address]) => [spelled(name), <Address key={name} of={address} />]),
          )}
        />
      )}
    </Panel>
  )
}

/** A link, where it leads to a page; what else there is cannot be opened. */
function Address({ of: address }: { of: string }) {
  if (!/^https?:\/\//.test(address)) return <code>{address}</code>
  return (
    <a href={address} target="_blank" rel="noreferrer">
      {address}
    </a>
  )
}
