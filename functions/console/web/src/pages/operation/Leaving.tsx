import type { Schemas } from '../../api/client'
import { Facts } from '../../ui/Facts'
import { Panel } from '../../ui/Panel'
import { Time } from '../../ui/Time'

const DAY = 86_400_000

interface Props {
  operation: Schemas['Operation']
  offboarding: Schemas['Offboarding']
}

/** What an operation waits for that sees a tenant out, and what it has kept of it. */
export function Leaving({ operation, offboarding }: Props) {
  const { archive, told, tries, try_at, until, wakes_at } = offboarding
  const over = Boolean(operation.ended_at)
  const days = (Date.parse(until) - Date.parse(operation.accepted_at)) / DAY
  return (
    <Panel title="Leaving">
      <Facts
        of={{
          'Can be restored until': !archive && <Time at={until} />,
          'Owner told': told != null && (told > days ? 'when it began' : `${told} days before the end`),
          'Looks again': !over && !archive && <Time at={wakes_at} />,
          'Backups in vain': tries || undefined,
          'Backed up again': !over && try_at && <Time at={try_at} />,
          Archive: archive && `${archive.objects} objects in ${archive.bucket}`,
          'Kept until': archive && <Time at={archive.kept_until} />,
          'Not in it': archive?.without?.map(({ step, why }) => (
            <div key={step}>
              <code>{step}</code>: {why}
            </div>
          )),
        }}
      />
    </Panel>
  )
}
