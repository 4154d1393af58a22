import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'

import type { Schemas } from '../../api/client'
import { configuration } from '../../configuration'
import { Facts } from '../../ui/Facts'
import { Panel } from '../../ui/Panel'
import { Progress } from '../../ui/Progress'
import { spelled } from '../../ui/State'
import { duration, Time } from '../../ui/Time'
import { remaining } from './eta'
import { isOver } from './possible'
import { roughly, told } from './told'

interface Props {
  operation: Schemas['Operation']
  tenant: Schemas['Tenant'] | undefined
  usual: Record<string, number>
  now: number
  /** Whether whoever looks is one of the tenant's own people. */
  own: boolean
}

/** How far it is, how long it will take, and what will become of it. */
export function Standing({ operation, tenant, usual, now, own }: Props) {
  const left = remaining(operation, usual, now)
  return (
    <Panel title="Progress">
      <div className="standing">
        <div className="standing-bar">
          <Progress label="Done" percent={operation.percent} />
          <span className="quiet small eta">
            {left !== null && (left < 1000 ? 'about to end' : `about ${roughly(left)} left`)}
          </span>
        </div>
        <p role="status">{told(operation)}</p>
        <Facts
          of={{
            Tenant: (
              <Link to={own ? '/' : `/tenants/${operation.tenant}`}>{tenant?.name ?? operation.tenant}</Link>
            ),
            Accepted: <Time at={operation.accepted_at} />,
            Ended: operation.ended_at && <Time at={operation.ended_at} />,
            [isOver(operation) ? 'Took' : 'So far']: duration(now - Date.parse(operation.accepted_at)),
            'Critical path': duration(operation.critical_path_ms),
            'If it fails': CONSEQUENCES[operation.on_failure],
            'Resources left': operation.resources_left,
            Execution: !own && operation.execution && <Execution arn={operation.execution} />,
          }}
        />
        {operation.state === 'stuck' && !own && (
          <p>
            <Link to="/repairs">Repair tasks</Link> name what would not go.
          </p>
        )}
      </div>
    </Panel>
  )
}

const CONSEQUENCES: Record<Schemas['OnFailure'], string> = {
  compensate: 'what it made is destroyed',
  hold: 'what it made is kept for a retry',
}

/** What does it, where that can be looked at. */
function Execution({ arn }: { arn: string }) {
  const { data } = useQuery({ queryKey: ['configuration'], queryFn: configuration, staleTime: Infinity })
  const name = <code>{arn.split(':').at(-1)}</code>
  if (!data?.states_console) return name
  return (
    <a href={data.states_console + encodeURIComponent(arn)} target="_blank" rel="noreferrer">
      {name} <span className="spoken">in the Step Functions console, in a new tab</span>
    </a>
  )
}

/** What an operation is called: `change_plan` is "Change plan". */
export function titleOf(kind: Schemas['OperationKind']): string {
  const words = spelled(kind)
  return words[0]!.toUpperCase() + words.slice(1)
}
