import { useQuery } from '@tanstack/react-query'

import { useRead } from '../../api/live'
import { addressOf, configuration } from '../../configuration'
import { Copy } from '../../ui/Copy'
import { Loaded } from '../../ui/Loaded'
import { Panel } from '../../ui/Panel'
import { Table } from '../../ui/Table'

/** What of a JSON Web Key (RFC 7517) tells it from others. */
interface Key {
  kid?: string
  kty?: string
  crv?: string
  alg?: string
}

/** What the certificates of deletion are verified by. Anybody may have them. */
export function CertificateKeys() {
  const keys = useRead('/v1/certificate-keys')
  const { data } = useQuery({ queryKey: ['configuration'], queryFn: configuration, staleTime: Infinity })
  return (
    <Panel title="Keys of the certificates of deletion" flush>
      {data && <Published at={`${addressOf(data)}/certificate-keys`} />}
      <Loaded query={keys}>
        {({ keys }) => (
          <Table<Key>
            label="Keys of the certificates of deletion"
            rows={keys}
            rowKey={key => key.kid ?? JSON.stringify(key)}
            empty="No certificate was issued yet: the first key comes with the first."
            columns={[
              { head: 'Key', cell: key => <code className="wide-cell">{key.kid}</code> },
              { head: 'Kind', cell: key => [key.alg ?? key.kty, key.crv].filter(Boolean).join(', ') },
              {
                head: 'As a JSON Web Key',
                cell: key => <Copy text={JSON.stringify(key)} what={`the key ${key.kid ?? ''}`} />,
              },
            ]}
          />
        )}
      </Loaded>
    </Panel>
  )
}

function Published({ at }: { at: string }) {
  return (
    <p className="published">
      Anybody finds them at <code className="anywhere">{at}</code>{' '}
      <Copy text={at} what="where they are found" />
    </p>
  )
}
