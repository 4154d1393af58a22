import { type ReactNode, useState } from 'react'

import { Button } from '../ui/Button'
import { Dialog } from '../ui/Dialog'
import { Loaded } from '../ui/Loaded'
import type { Readable } from './entries'
import { useVersioned, type Versioned } from './versioned'

interface Props<T> {
  entries: Readable<T>
  /** Of none, a new one is made. */
  id: string
  /** What it is called, where that is not its id. */
  name?: string
  blank?: T
  onClose: () => void
  /** The form over what was read, and a way back for whoever was overtaken. */
  children: (read: Versioned<T>, again: ReactNode) => ReactNode
}

/** A dialog over an entry as it was when the dialog opened: what others change meanwhile is not saved over. */
export function Editing<T>({ entries, id, name, blank, onClose, children }: Props<T>) {
  const title = id ? `Edit ${name ?? id}` : `New ${entries.kind}`
  return (
    <Dialog title={title} open wide onClose={onClose}>
      {id || blank === undefined ? (
        <Read entries={entries} id={id}>
          {children}
        </Read>
      ) : (
        children({ value: blank, version: null }, null)
      )}
    </Dialog>
  )
}

function Read<T>({ entries, id, children }: Pick<Props<T>, 'entries' | 'id' | 'children'>) {
  const read = useVersioned(entries, id)
  return <Loaded query={read}>{now => <Held now={now}>{children}</Held>}</Loaded>
}

function Held<T>({ now, children }: { now: Versioned<T>; children: Props<T>['children'] }) {
  const [held, hold] = useState(now)
  const again = (
    <div>
      <Button onPress={() => hold(now)}>Begin again with what is there now</Button>
    </div>
  )
  return <div key={held.version}>{children(held, again)}</div>
}
