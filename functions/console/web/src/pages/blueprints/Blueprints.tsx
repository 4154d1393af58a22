import { useState } from 'react'

import type { Schemas } from '../../api/client'
import { useLive } from '../../api/live'
import { BLUEPRINTS } from '../../catalogue/entries'
import { EntryActs } from '../../catalogue/EntryActs'
import { OnOffer } from '../../catalogue/OnOffer'
import { Button } from '../../ui/Button'
import { Facts } from '../../ui/Facts'
import { Loaded } from '../../ui/Loaded'
import { money } from '../../ui/Money'
import { Page } from '../../ui/Page'
import { Panel, Panels } from '../../ui/Panel'
import { Table } from '../../ui/Table'
import { duration } from '../../ui/Time'
import { BlueprintEditor } from './BlueprintEditor'
import { longest, stepsOf } from './workflow'
import { WorkflowTree } from './WorkflowTree'
import './Blueprints.css'

type Blueprint = Schemas['Blueprint']

/** What tenants are made of. */
export default function Blueprints() {
  const [shown, show] = useState<string | null>(null)
  const [edited, edit] = useState<string | null>(null)
  const blueprints = useLive('/v1/blueprints')
  return (
    <Page title="Blueprints">
      <Loaded query={blueprints}>
        {({ blueprints }) => {
          const open = blueprints.find(({ name }) => name === shown) ?? blueprints[0]
          return (
            <>
              <Panel flush>
                <Table
                  label="Blueprints"
                  rows={blueprints}
                  rowKey={blueprint => blueprint.name}
                  empty="There are no blueprints yet: they come with a deployment."
                  columns={[
                    {
                      head: 'Blueprint',
                      cell: blueprint => (
                        <>
                          <Button
                            look="bare"
                            aria-label={`Show ${blueprint.name}`}
                            aria-expanded={blueprint === open}
                            onPress={() => show(blueprint.name)}
                          >
                            {blueprint.name}
                          </Button>
                          <div className="quiet small blueprint-line">{blueprint.description}</div>
                        </>
                      ),
                    },
                    { head: 'Version', number: true, cell: blueprint => blueprint.version },
                    {
                      head: 'Offered',
                      cell: blueprint => (
                        <div className="blueprint-marks">
                          <OnOffer active={blueprint.active} />
                          {blueprint.approval && <span className="quiet small">asks for approval</span>}
                        </div>
                      ),
                    },
                    {
                      head: 'Steps',
                      number: true,
                      cell: ({ workflow }) => (workflow ? stepsOf(workflow).length : '–'),
                    },
                    { head: 'Usually', number: true, cell: blueprint => usual(blueprint) ?? '–' },
                    { head: 'Costs a month', number: true, cell: cost },
                  ]}
                />
              </Panel>
              {open && <Shown blueprint={open} onEdit={() => edit(open.name)} />}
            </>
          )
        }}
      </Loaded>
      {edited !== null && <BlueprintEditor name={edited} onClose={() => edit(null)} />}
    </Page>
  )
}

function Shown({ blueprint, onEdit }: { blueprint: Blueprint; onEdit: () => void }) {
  return (
    <>
      <Panel
        title={blueprint.name}
        actions={
          <EntryActs
            entries={BLUEPRINTS}
            id={blueprint.name}
            name={blueprint.name}
            active={blueprint.active}
            onEdit={onEdit}
          />
        }
      >
        <Facts
          of={{
            Plans: list(blueprint.plans),
            Themes: list(blueprint.themes),
            Categories: list(blueprint.categories),
            Integrations: list(blueprint.integrations),
            'If it fails':
              blueprint.on_failure === 'hold'
                ? 'What was made is kept for a retry.'
                : 'What was made is destroyed.',
            'Domains of their own': blueprint.custom_domain ? 'yes' : 'no',
            Sleep: sleep(blueprint),
            'From backups': blueprint.clones ? 'can be made from another’s' : 'no',
            Providers: list(blueprint.providers),
          }}
        />
      </Panel>
      <Panels>
        <Panel title="Steps">
          <WorkflowTree blueprint={blueprint} />
        </Panel>
        <Panel title="Settings">
          {Object.keys(blueprint.settings ?? {}).length > 0 ? (
            <Facts of={blueprint.settings!} />
          ) : (
            <p className="quiet">None.</p>
          )}
        </Panel>
      </Panels>
    </>
  )
}

function list(items: readonly string[] | undefined): string {
  return items?.join(', ') ?? ''
}

function sleep({ hibernates, hibernation }: Blueprint): string {
  if (!hibernates) return 'no'
  const days = hibernation?.idle_days ?? 0
  return days === 0 ? 'when somebody asks for it' : `after ${days} days without use`
}

function usual({ workflow, usual_ms }: Blueprint): string | undefined {
  const ms = workflow ? longest(workflow, usual_ms ?? {}) : 0
  return ms > 0 ? duration(ms) : undefined
}

/** Roughly, in US dollars as the API has it. */
function cost({ costs }: Blueprint): string {
  const cents = Object.values(costs ?? {}).reduce((sum, cost) => sum + cost, 0)
  return money(cents, 'USD')
}
