import type { ReactNode } from 'react'

import type { Schemas } from '../../api/client'
import { Facts } from '../../ui/Facts'
import { FaultNote } from '../../ui/Fault'
import { State } from '../../ui/State'
import { duration, Time } from '../../ui/Time'
import { Seen } from '../../ui/Seen'
import { took } from './told'

interface Props {
  step: Schemas['StepProgress']
  usual: number | undefined
  now: number
  /** What can be done about it. */
  actions?: ReactNode
}

/** All that is known of one step: what it did, what its last fault said, what a look of it saw. */
export function StepDetail({ step, usual, now, actions }: Props) {
  const length = took(step, now)
  return (
    <div className="step-detail">
      <Facts
        of={{
          State: <State of={step.state} />,
          Attempts: step.attempts,
          Began: step.begun_at && <Time at={step.begun_at} />,
          Changed: step.changed_at && <Time at={step.changed_at} />,
          Took: length !== null && duration(length),
          'In its provider’s calls': duration(step.busy_ms),
          Usually: usual !== undefined && duration(usual),
        }}
      />
      {step.fault && <FaultNote of={step.fault} />}
      {step.seen && (
        <div>
          <h3>Seen</h3>
          <Seen of={step.seen} />
        </div>
      )}
      {actions}
    </div>
  )
}
