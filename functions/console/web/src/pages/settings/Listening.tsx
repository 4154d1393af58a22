import { Time } from '../../ui/Time'
import type { Webhook } from './webhook'

/** Whether a webhook listens, and since when it has not answered. */
export function Listening({ of: { enabled, disabled, failing_since } }: { of: Webhook }) {
  if (disabled) {
    return (
      <>
        <span className="state bad">disabled</span>{' '}
        <span className="small">
          by us, <Time at={disabled.at} />
        </span>
      </>
    )
  }
  if (!enabled) return <span className="state still">disabled</span>
  if (failing_since) {
    return (
      <>
        <span className="state wait">failing</span>{' '}
        <span className="small">
          <Time at={failing_since} />
        </span>
      </>
    )
  }
  return <span className="state good">enabled</span>
}
