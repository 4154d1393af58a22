import type { Schemas } from '../api/client'
import { Facts } from './Facts'
import { Time } from './Time'
import './Fault.css'

const ACTORS: Record<Schemas['Actor'], string> = {
  us: 'us, the operators',
  customer: 'the customer',
  provider: 'the provider: usually patience is enough',
}

/** What the machines match, in words for people. */
const RETRIED: Record<Schemas['FaultKind'], string> = {
  Transient: 'by itself',
  NotReady: 'by itself: the provider is still at it',
  Terminal: 'not by itself',
  Fenced: 'no: the operation was stopped',
}

interface Props {
  of: Schemas['Fault']
  /** The step that it stopped. */
  step?: string | undefined
}

/** A failure, and what can be done about it: the same wherever one is shown. */
export function FaultNote({ of: fault, step }: Props) {
  const passes = fault.kind === 'Transient' || fault.kind === 'NotReady'
  return (
    <div className={passes ? 'fault passing' : 'fault'}>
      <p className="fault-cause">
        {step && (
          <>
            <code>{step}</code>:{' '}
          </>
        )}
        {fault.cause}
      </p>
      <Facts
        of={{
          'Who must act': ACTORS[fault.actor],
          'What to do': fault.hint,
          Retried: RETRIED[fault.kind],
          Provider: fault.provider,
          'Request id': fault.request_id && <code>{fault.request_id}</code>,
          'Not before': fault.retry_at && <Time at={fault.retry_at} />,
          'No answer': fault.unanswered && 'Nobody said how the call ended: it may still happen.',
        }}
      />
    </div>
  )
}
