import { useState } from 'react'
import { Link, useSearchParams } from 'wouter'

import type { Schemas } from '../../api/client'
import { useLive, useRead } from '../../api/live'
import { useMay } from '../../api/may'
import { Button } from '../../ui/Button'
import { Loaded } from '../../ui/Loaded'
import { Panel } from '../../ui/Panel'
import { Table } from '../../ui/Table'
import { Time } from '../../ui/Time'
import { OrderSweep } from './OrderSweep'
import { SweepOutcome } from './SweepOutcome'

type Sweep = Schemas['Sweep']

const QUERY = { query: { limit: 20 } }

/** Sweeps for what providers hold and no ledger does. The address says which one is looked at. */
export function Sweeps() {
  const may = useMay()
  const [asked, ask] = useSearchParams()
  const [ordering, setOrdering] = useState(false)
  const sweeps = useRead('/v1/orphan-sweeps', QUERY)
  const shown = sweeps.data?.orphan_sweeps.find(({ id }) => id === asked.get('sweep'))
  const runs = sweeps.data?.orphan_sweeps.some(sweep => !sweep.ended_at)
  const show = (sweep: string) => ask(sweep ? { sweep } : {})
  return (
    <>
      <Panel
        title="Sweeps for orphans"
        flush
        actions={
          may('POST /v1/orphan-sweeps') && <Button onPress={() => setOrdering(true)}>Order a sweep</Button>
        }
      >
        {runs && <Watched />}
        <Loaded query={sweeps}>
          {({ orphan_sweeps }) => (
            <Table
              label="Sweeps for orphans"
              rows={orphan_sweeps}
              rowKey={sweep => sweep.id}
              empty="Nobody has looked for what providers hold and no ledger does."
              columns={[
                {
                  head: 'Ordered',
                  cell: sweep => (
                    <Link
                      to={`/repairs?sweep=${sweep.id}`}
                      {...(sweep === shown && { 'aria-current': 'true' as const })}
                    >
                      <Time at={sweep.accepted_at} />
                      <span className="spoken"> by {sweep.who}: what came of it</span>
                    </Link>
                  ),
                },
                { head: 'By', cell: sweep => sweep.who },
                { head: 'Why', cell: sweep => <span className="anywhere">{sweep.why}</span> },
                { head: 'To', cell: sweep => (sweep.dry_run ? 'look' : 'destroy') },
                { head: 'What came of it', cell: said },
              ]}
            />
          )}
        </Loaded>
      </Panel>
      {shown && <SweepOutcome of={shown} onClose={() => show('')} />}
      {ordering && (
        <OrderSweep
          onClose={() => setOrdering(false)}
          onOrdered={sweep => {
            setOrdering(false)
            show(sweep.id)
          }}
        />
      )}
    </>
  )
}

/** One that is under way ends by itself. */
function Watched() {
  useLive('/v1/orphan-sweeps', QUERY)
  return null
}

function said({ outcome, ended_at }: Sweep): string {
  if (!outcome) return ended_at ? 'nothing' : 'not looked yet'
  if (outcome.refused) return `${outcome.found} found, refused`
  return outcome.unswept?.length ? `${outcome.found} found, not looked everywhere` : `${outcome.found} found`
}
