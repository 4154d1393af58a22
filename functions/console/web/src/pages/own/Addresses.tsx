import type { Schemas } from '../../api/client'
import { Copy } from '../../ui/Copy'
import { Panel } from '../../ui/Panel'
import { spelled } from '../../ui/State'
import { capital } from './words'

/** Where the product answers. */
export function Addresses({ tenant }: { tenant: Schemas['ShownTenant'] }) {
  const all = Object.entries(tenant.endpoints ?? {}).filter(([, address]) => /^https?:\/\//.test(address))
  return (
    <Panel title="Where it is">
      {all.length === 0 ? (
        <p className="quiet">Its addresses are shown here as soon as it is open.</p>
      ) : (
        <ul className="addresses">
          {all.map(([name, address]) => (
            <li key={name}>
              <span className="quiet">{capital(spelled(name))}</span>
              <a href={address} target="_blank" rel="noreferrer" className="anywhere">
                {address}
              </a>
              <Copy text={address} what={`the address of the ${spelled(name)}`} />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  )
}
