import { type FormEvent, useRef, useState } from 'react'

import { useAct } from '../../api/act'
import { api, type Schemas } from '../../api/client'
import { Editing } from '../../catalogue/Editing'
import { of, THEMES } from '../../catalogue/entries'
import { Titles } from '../../catalogue/Titles'
import type { Versioned } from '../../catalogue/versioned'
import { focusWrong, wrongId } from '../../catalogue/wrong'
import { Button } from '../../ui/Button'
import { Choice, Field } from '../../ui/Field'
import { Notice, Refusal } from '../../ui/Notice'
import { spelled } from '../../ui/State'
import { faint, isColour, type Palette, told } from './contrast'
import { ThemePreview } from './ThemePreview'
import './Themes.css'

type Theme = Schemas['Theme']

// As the API's document spells them; a new one there is an error here.
const LAYOUTS: Record<Theme['layout'], string> = { modern: 'Modern', classic: 'Classic', minimal: 'Minimal' }
const TYPEFACES: Record<Schemas['Typeface'], string> = {
  system: 'The system’s',
  serif: 'Serif',
  mono: 'Monospaced',
  rounded: 'Rounded',
}
const COLOURS: readonly (keyof Palette)[] = ['background', 'surface', 'text', 'muted', 'accent', 'on_accent']

const BLANK: Theme = {
  id: '',
  name: '',
  description: '',
  version: '1.0.0',
  active: false,
  layout: 'modern',
  palette: {
    background: '#f5f7f8',
    surface: '#ffffff',
    text: '#152228',
    muted: '#51636c',
    accent: '#0b6478',
    on_accent: '#ffffff',
  },
  fonts: { heading: 'system', body: 'system' },
}

/** Changes a theme, or makes one: that of the empty id. */
export function ThemeEditor({ id, onClose }: { id: string; onClose: () => void }) {
  return (
    <Editing entries={THEMES} id={id} blank={BLANK} onClose={onClose}>
      {(read, again) => <ThemeForm read={read} isNew={id === ''} again={again} onClose={onClose} />}
    </Editing>
  )
}

interface FormProps {
  read: Versioned<Theme>
  isNew: boolean
  again: React.ReactNode
  onClose: () => void
}

function ThemeForm({ read, isNew, again, onClose }: FormProps) {
  const [theme, setTheme] = useState(read.value)
  // While a colour is typed, the last one that was one is drawn.
  const [drawn, draw] = useState(theme.palette)
  const [tried, setTried] = useState(false)
  const form = useRef<HTMLFormElement>(null)
  const save = useAct((theme: Theme, key) =>
    isNew
      ? api.POST('/v1/themes', { params: { header: { 'Idempotency-Key': key } }, body: theme })
      : api.PUT('/v1/themes/{id}', {
          params: { path: { id: theme.id }, header: of(read.version) },
          body: theme,
        }),
  )
  const set = (change: Partial<Theme>) => setTheme(old => ({ ...old, ...change }))
  const wrong = {
    id: isNew ? wrongId(theme.id) : undefined,
    name: theme.name.trim() ? undefined : 'It has no name.',
    version: theme.version.trim() ? undefined : 'It has no version.',
  }
  const colours = Object.fromEntries(
    COLOURS.filter(name => !isColour(theme.palette[name])).map(name => [
      name,
      `${theme.palette[name] ? `“${theme.palette[name]}”` : 'This'} is not a colour: #rrggbb`,
    ]),
  )
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (Object.values({ ...wrong, ...colours }).some(Boolean)) return focusWrong(form.current)
    save.mutate(theme, { onSuccess: onClose })
  }
  const about = (field: keyof typeof wrong) => save.error?.about(field) ?? (tried ? wrong[field] : undefined)
  const pairs = faint(theme.palette)
  return (
    <form className="form" noValidate onSubmit={submit} ref={form}>
      <div className="theme-editor">
        <div className="form">
          <Titles of={theme} isNew={isNew} onChange={set} problem={about} />
          <Field
            label="Version"
            value={theme.version}
            onChange={version => set({ version })}
            isRequired
            problem={about('version')}
          />
          <Field
            label="Thumbnail"
            hint="The address of a picture, if there is one."
            value={theme.thumbnail ?? ''}
            onChange={thumbnail => set({ thumbnail: thumbnail || undefined })}
          />
          <Choice
            label="Layout"
            value={theme.layout}
            options={options(LAYOUTS)}
            onChange={layout => set({ layout: layout as Theme['layout'] })}
          />
          <Choice
            label="Headings"
            value={theme.fonts.heading}
            options={options(TYPEFACES)}
            onChange={heading => set({ fonts: { ...theme.fonts, heading: heading as Schemas['Typeface'] } })}
          />
          <Choice
            label="Text"
            value={theme.fonts.body}
            options={options(TYPEFACES)}
            onChange={body => set({ fonts: { ...theme.fonts, body: body as Schemas['Typeface'] } })}
          />
        </div>
        <div className="theme-look">
          <ThemePreview theme={{ ...theme, palette: drawn, name: theme.name || 'New theme' }} />
          <div className="palette" role="group" aria-label="Palette">
            {COLOURS.map(name => (
              <ColourInput
                key={name}
                name={name}
                colour={theme.palette[name]}
                problem={colours[name]}
                sample={drawn[name]}
                onChange={colour => {
                  set({ palette: { ...theme.palette, [name]: colour } })
                  if (isColour(colour)) draw({ ...drawn, [name]: colour })
                }}
              />
            ))}
          </div>
          {pairs.length > 0 && (
            <Notice tone="wait" title="Hard to read">
              <ul className="faint">
                {pairs.map(({ text, ground, ratio }) => (
                  <li key={text + ground}>
                    {spelled(text)} on {spelled(ground)}: {told(ratio)}, where 4.5 : 1 is the least
                  </li>
                ))}
              </ul>
            </Notice>
          )}
        </div>
      </div>
      <Refusal of={save.error} />
      {save.error?.status === 412 && again}
      <div className="dialog-actions">
        <Button onPress={onClose}>Close</Button>
        <Button type="submit" look="main" isPending={save.isPending}>
          {isNew ? 'Add theme' : 'Save'}
        </Button>
      </div>
    </form>
  )
}

interface ColourProps {
  name: keyof Palette
  colour: string
  sample: string
  problem: string | undefined
  onChange: (colour: string) => void
}

/** A colour, picked or typed. */
function ColourInput({ name, colour, sample, problem, onChange }: ColourProps) {
  const label = spelled(name)
  return (
    <div className="colour">
      <input
        type="color"
        aria-label={`Pick ${label}`}
        value={sample}
        onChange={event => onChange(event.target.value)}
      />
      <Field
        label={label[0]!.toUpperCase() + label.slice(1)}
        value={colour}
        onChange={text => onChange(text.trim())}
        problem={problem}
      />
    </div>
  )
}

function options(of: Record<string, string>) {
  return Object.entries(of).map(([id, label]) => ({ id, label }))
}
