import { useRead } from '../../api/live'
import { Notice } from '../../ui/Notice'
import { Page } from '../../ui/Page'
import { Dead } from './Dead'
import { Subscription } from './Subscription'
import { Unknown } from './Unknown'
import './Billing.css'

/** What billers said: what could not be dealt with, what nothing is done about, and what each subscription has come to. */
export default function Billing() {
  const dead = useRead('/v1/billing-events/dead')
  return (
    <Page title="Billing events">
      {dead.error?.status === 404 ? (
        <Notice tone="wait" title="No biller speaks to this deployment">
          Tenants are made by sign-ups alone here.
        </Notice>
      ) : (
        <>
          <Dead of={dead} />
          <Subscription />
          <Unknown />
        </>
      )}
    </Page>
  )
}
