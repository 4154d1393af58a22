import { Link } from 'wouter'

import type { Schemas } from '../../api/client'
import { Button } from '../../ui/Button'
import { Facts } from '../../ui/Facts'
import { FaultNote } from '../../ui/Fault'
import { Notice } from '../../ui/Notice'
import { Panel } from '../../ui/Panel'
import { Table } from '../../ui/Table'
import { Time } from '../../ui/Time'
import { Seen } from '../../ui/Seen'

const VERDICTS: Record<Schemas['Verdict'], string> = {
  orphan: 'its tenant is gone, and no ledger holds it',
  taken_in: 'taken into the ledger, and destroyed from there',
  busy: 'something is being done to its tenant: left alone',
  unknown_tenant: 'there is no record of its tenant: left alone',
  unrecorded: 'its tenant lives, and the ledger never knew of it: left alone',
  misnamed: 'the ledger holds another one in its place: left alone',
}

/** What a sweep found, and where it could not look. */
export function SweepOutcome({ of: sweep, onClose }: { of: Schemas['Sweep']; onClose: () => void }) {
  const { outcome } = sweep
  return (
    <Panel title="What the sweep found" flush actions={<Button onPress={onClose}>Close</Button>}>
      <div className="repairs-said sweep">
        <Facts
          of={{
            Ordered: (
              <>
                by {sweep.who}, <Time at={sweep.accepted_at} />: {sweep.why}
              </>
            ),
            To: sweep.dry_run ? 'look only' : 'destroy what it finds',
            'At most': outcome?.limit ?? sweep.limit,
            Found: outcome?.found,
            Ended: sweep.ended_at && <Time at={sweep.ended_at} />,
          }}
        />
        {!outcome && (
          <Notice tone="busy">It begins within a minute, and what it finds is shown here by itself.</Notice>
        )}
        {outcome?.refused && (
          <Notice tone="bad" title="Nothing was destroyed">
            {outcome.refused}
          </Notice>
        )}
        {outcome?.unswept?.map(({ step, fault }) => (
          <FaultNote key={step} of={fault} step={step} />
        ))}
      </div>
      {outcome && (
        <Table
          label="What the sweep found"
          rows={outcome.findings}
          rowKey={({ tenant, step, handle }) => `${tenant} ${step} ${JSON.stringify(handle)}`}
          empty="Nothing: the ledgers hold all that there is."
          columns={[
            {
              head: 'Tenant',
              cell: ({ tenant, verdict }) =>
                verdict === 'unknown_tenant' ? tenant : <Link to={`/tenants/${tenant}`}>{tenant}</Link>,
            },
            { head: 'Made by', cell: ({ step }) => <code>{step}</code> },
            { head: 'It is', cell: ({ handle }) => <Seen of={handle} /> },
            { head: 'What of it', cell: ({ verdict }) => VERDICTS[verdict] },
          ]}
        />
      )}
    </Panel>
  )
}
