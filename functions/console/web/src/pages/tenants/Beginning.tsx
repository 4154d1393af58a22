import { useEffect, useState } from 'react'

import { addressOf, configuration } from '../../configuration'

/** What is said where there is no tenant yet: how the first one comes. */
export function Beginning() {
  const [docs, setDocs] = useState<string>()
  useEffect(() => {
    configuration().then(
      found => setDocs(`${addressOf(found)}/docs`),
      () => undefined,
    )
  }, [])
  return (
    <>
      There are no tenants yet. One comes from a sign-up: your site sends it to <code>POST /v1/signups</code>,
      or an administrator runs <code>tenantry provision</code>. It is listed here as soon as it is accepted.{' '}
      {docs && <a href={docs}>What a sign-up says</a>}
    </>
  )
}
