import { useState } from 'react'

import type { Schemas } from '../../api/client'
import { useLive } from '../../api/live'
import { useMay } from '../../api/may'
import { THEMES } from '../../catalogue/entries'
import { EntryActs } from '../../catalogue/EntryActs'
import { OnOffer } from '../../catalogue/OnOffer'
import { SeedDefaults } from '../../catalogue/SeedDefaults'
import { Button } from '../../ui/Button'
import { Loaded } from '../../ui/Loaded'
import { Page } from '../../ui/Page'
import { faint } from './contrast'
import { ThemeEditor } from './ThemeEditor'
import { ThemePreview } from './ThemePreview'
import '../../ui/Panel.css'
import './Themes.css'

/** What storefronts look like. */
export default function Themes() {
  const [edited, edit] = useState<string | null>(null)
  const themes = useLive('/v1/themes')
  const may = useMay()
  return (
    <Page
      title="Themes"
      actions={
        <>
          {may('POST /v1/catalogue/defaults') && <SeedDefaults />}
          {may('POST /v1/themes') && (
            <Button look="main" onPress={() => edit('')}>
              New theme
            </Button>
          )}
        </>
      }
    >
      <Loaded query={themes}>
        {({ themes }) =>
          themes.length === 0 ? (
            <p className="quiet">There are no themes yet.</p>
          ) : (
            <ul className="themes">
              {themes.map(theme => (
                <ThemeCard key={theme.id} theme={theme} onEdit={() => edit(theme.id)} />
              ))}
            </ul>
          )
        }
      </Loaded>
      {edited !== null && <ThemeEditor id={edited} onClose={() => edit(null)} />}
    </Page>
  )
}

function ThemeCard({ theme, onEdit }: { theme: Schemas['Theme']; onEdit: () => void }) {
  const pairs = faint(theme.palette).length
  return (
    <li className="panel theme-card">
      <ThemePreview theme={theme} />
      <div className="theme-head">
        <h2>{theme.name}</h2>
        <OnOffer active={theme.active} />
      </div>
      <p className="quiet">{theme.description}</p>
      <p className="quiet small">
        <code>{theme.id}</code> · version {theme.version} · {theme.layout}
        {pairs > 0 && ` · ${pairs === 1 ? 'one pair' : `${pairs} pairs`} of colours hard to read`}
      </p>
      <div className="theme-acts">
        <EntryActs entries={THEMES} id={theme.id} name={theme.name} active={theme.active} onEdit={onEdit} />
      </div>
    </li>
  )
}
