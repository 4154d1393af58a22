import type { Schemas } from '../../api/client'
import { useRead } from '../../api/live'
import { Button } from '../../ui/Button'
import { Facts } from '../../ui/Facts'
import { Loaded } from '../../ui/Loaded'
import { Panel } from '../../ui/Panel'
import { Table } from '../../ui/Table'
import { Time } from '../../ui/Time'
import type { Tenant } from './acts'
import { save } from './save'
import { Seen } from '../../ui/Seen'

const BYTES = new Intl.NumberFormat('en', { style: 'unit', unit: 'byte', unitDisplay: 'long' })

/** What is kept of it, and the proof that the rest is gone. */
export function Archive({ tenant }: { tenant: Tenant }) {
  const { archive } = tenant
  if (!archive) return null
  return (
    <>
      <Panel title="Archive">
        <Facts
          of={{
            'Kept until': <Time at={archive.kept_until} />,
            Objects: archive.objects,
            Size: BYTES.format(archive.bytes),
            Bucket: <code>{archive.bucket}</code>,
            Manifest: <code>{archive.manifest}</code>,
            'SHA-256': <code>{archive.sha256}</code>,
            Without:
              archive.without?.length &&
              archive.without.map(({ step, why }) => (
                <div key={step}>
                  <code>{step}</code>: {why}
                </div>
              )),
          }}
        />
      </Panel>
      {tenant.status === 'deleted' && <Certificate id={tenant.id} />}
    </>
  )
}

function Certificate({ id }: { id: string }) {
  const certified = useRead('/v1/tenants/{id}/certificate', { path: { id } })
  const keep = ({ jws }: Schemas['Certified']) =>
    save(`${id}.jws`, new Blob([jws], { type: 'application/jose' }))
  return (
    <Panel
      title="Certificate of deletion"
      actions={certified.data && <Button onPress={() => keep(certified.data)}>Save the signed one</Button>}
      flush
    >
      <Loaded query={certified}>
        {({ certificate }) => (
          <>
            <p className="tenant-said quiet">
              Issued by {certificate.issuer} <Time at={certificate.issued_at} />
            </p>
            <Table
              label="What was destroyed"
              rows={certificate.destroyed}
              rowKey={gone => `${gone.step} ${JSON.stringify(gone.handle)}`}
              empty="There was nothing to destroy."
              columns={[
                { head: 'What', cell: gone => <code>{gone.step}</code> },
                {
                  head: 'Was found by',
                  cell: gone => (
                    <div className="tenant-seen">
                      <Seen of={gone.handle} />
                    </div>
                  ),
                },
                {
                  head: 'Seen to be gone',
                  cell: gone => (
                    <>
                      <Time at={gone.observed_at} />
                      {gone.by_word && ', by an operator’s word'}
                    </>
                  ),
                },
              ]}
            />
          </>
        )}
      </Loaded>
    </Panel>
  )
}
