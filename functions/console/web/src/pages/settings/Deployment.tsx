import { useQuery } from '@tanstack/react-query'

import { addressOf, configuration } from '../../configuration'
import { Copy } from '../../ui/Copy'
import { Facts } from '../../ui/Facts'
import { Panel } from '../../ui/Panel'

/** Which deployment this is the console of, and where its API is. */
export function Deployment() {
  const { data } = useQuery({ queryKey: ['configuration'], queryFn: configuration, staleTime: Infinity })
  if (!data) return null
  const api = addressOf(data)
  return (
    <Panel title="Deployment">
      <Facts
        of={{
          Deployment: data.deployment,
          Region: data.region,
          'Its people sign in at': <span className="anywhere">{data.issuer}</span>,
          API: (
            <>
              <code>{api}</code> <Copy text={api} what="the API's address" />
            </>
          ),
          'How it is used': (
            <a href={`${api}/docs`} target="_blank" rel="noreferrer">
              The API’s own description
            </a>
          ),
        }}
      />
    </Panel>
  )
}
