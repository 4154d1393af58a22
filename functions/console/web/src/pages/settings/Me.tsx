import { useRead } from '../../api/live'
import { Facts } from '../../ui/Facts'
import { Loaded } from '../../ui/Loaded'
import { Panel } from '../../ui/Panel'

const ROLES: Record<string, string> = {
  admin: 'does whatever there is to do',
  operator: 'sees everything, and sets going again what has stopped',
  viewer: 'sees everything, and does nothing',
}

/** Who signed in, and what they may do. */
export function Me() {
  const me = useRead('/v1/me')
  return (
    <Panel title="You">
      <Loaded query={me}>
        {({ name, role }) => (
          <Facts
            of={{
              Name: name,
              Role: role,
              'Which means': ROLES[role],
            }}
          />
        )}
      </Loaded>
    </Panel>
  )
}
