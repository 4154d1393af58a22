import { Page } from '../../ui/Page'
import { Changes } from './Changes'
import { Signups } from './Signups'
import './Approvals.css'

/** What waits for somebody's word: merchants who signed up, and what takes two. */
export default function Approvals() {
  return (
    <Page title="Approvals">
      <Signups />
      <Changes />
    </Page>
  )
}
