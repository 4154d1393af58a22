import type { Schemas } from '../../api/client'
import { money } from '../../ui/Money'
import { duration } from '../../ui/Time'
import type { Workflow } from './workflow'
import './WorkflowTree.css'

type Blueprint = Schemas['Blueprint']

/** What waits for what, in words: each step with how long it takes and what it costs. */
export function WorkflowTree({ blueprint }: { blueprint: Blueprint }) {
  if (!blueprint.workflow) return <p className="quiet">Its state machine is not known yet.</p>
  return (
    <div className="workflow">
      <Part of={blueprint.workflow} blueprint={blueprint} />
    </div>
  )
}

function Part({ of, blueprint }: { of: Workflow; blueprint: Blueprint }) {
  if ('step' in of) return <Step name={of.step} blueprint={blueprint} />
  if ('sequence' in of) {
    return (
      <ol>
        {of.sequence.map((part, at) => (
          <li key={at}>
            <Part of={part} blueprint={blueprint} />
          </li>
        ))}
      </ol>
    )
  }
  return (
    <div className="workflow-beside">
      <span className="quiet small">at the same time</span>
      <ul>
        {of.parallel.map((part, at) => (
          <li key={at}>
            <Part of={part} blueprint={blueprint} />
          </li>
        ))}
      </ul>
    </div>
  )
}

function Step({ name, blueprint }: { name: string; blueprint: Blueprint }) {
  const usual = blueprint.usual_ms?.[name]
  const cost = blueprint.costs?.[name]
  const notes = [
    usual !== undefined && duration(usual),
    cost !== undefined && `${money(cost, 'USD')} a month`,
    blueprint.optional?.includes(name) && 'may be skipped',
    blueprint.custom_domain === name && 'serves the domain',
  ].filter(Boolean)
  return (
    <span className="workflow-step">
      <code>{name}</code>
      {notes.length > 0 && <span className="quiet small">{notes.join(' · ')}</span>}
    </span>
  )
}
