import { useSearchParams } from 'wouter'

import { useMay } from '../../api/may'
import { SeedDefaults } from '../../catalogue/SeedDefaults'
import { Page } from '../../ui/Page'
import { Panel, Panels } from '../../ui/Panel'
import { CatalogueAudit } from './CatalogueAudit'
import { CertificateKeys } from './CertificateKeys'
import { Deployment } from './Deployment'
import { Me } from './Me'
import { OneWebhook } from './OneWebhook'
import { Webhooks } from './Webhooks'
import './Settings.css'

/** What a deployment is, who hears of it, and who has changed what it offers. The address says which webhook is looked at. */
export default function Settings() {
  const may = useMay()
  const [asked] = useSearchParams()
  const webhook = asked.get('webhook')
  if (webhook) return <OneWebhook key={webhook} id={webhook} />
  return (
    <Page title="Settings">
      <Panels>
        <Me />
        <Deployment />
      </Panels>
      <Webhooks />
      <CertificateKeys />
      {may('POST /v1/catalogue/defaults') && (
        <Panel title="Catalogue">
          <div className="beginning">
            <p>
              The plans and themes that the platform comes with can be added where they are missing. What is
              there stays as it is.
            </p>
            <SeedDefaults />
          </div>
        </Panel>
      )}
      <CatalogueAudit />
    </Page>
  )
}
