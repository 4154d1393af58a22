import { Page } from '../../ui/Page'
import { Sweeps } from './Sweeps'
import { Tasks } from './Tasks'
import './Repairs.css'

/** What would not go, and what nobody knows of: both are things that cost money and do nobody any good. */
export default function Repairs() {
  return (
    <Page title="Repair tasks">
      <Tasks />
      <Sweeps />
    </Page>
  )
}
