import { useState } from 'react'

import { useAct } from '../api/act'
import { useMay } from '../api/may'
import { Actions } from '../ui/Actions'
import { Button } from '../ui/Button'
import { Confirm } from '../ui/Dialog'
import { Loaded } from '../ui/Loaded'
import { type Entries, of } from './entries'
import { useVersioned } from './versioned'

type Act = 'activate' | 'deactivate' | 'remove'

const SAID: Record<Act, { verb: string; follows: string }> = {
  activate: { verb: 'Offer', follows: 'New tenants can choose it.' },
  deactivate: { verb: 'Withdraw', follows: 'No new tenant can choose it. Those who have it keep it.' },
  remove: { verb: 'Delete', follows: 'It is gone. One that a tenant has, or a blueprint names, is kept.' },
}

interface Props<T> {
  entries: Entries<T>
  id: string
  name: string
  active: boolean
  onEdit: () => void
}

/** What an admin does with an entry of the catalogue. */
export function EntryActs<T>({ entries, id, name, active, onEdit }: Props<T>) {
  const [act, setAct] = useState<Act | null>(null)
  const may = useMay()
  const acts: Act[] = (active ? (['deactivate'] as const) : (['activate', 'remove'] as const)).filter(act =>
    may(entries.may[act]),
  )
  return (
    <>
      {may(entries.may.edit) && (
        <Button onPress={onEdit} aria-label={`Edit ${name}`}>
          Edit
        </Button>
      )}
      <Actions
        label="More"
        to={name}
        actions={acts.map(id => ({
          id,
          label: SAID[id].verb,
          danger: id === 'remove',
          onAction: () => setAct(id),
        }))}
      />
      {act && <Sure entries={entries} id={id} name={name} act={act} onClose={() => setAct(null)} />}
    </>
  )
}

interface SureProps<T> {
  entries: Entries<T>
  id: string
  name: string
  act: Act
  onClose: () => void
}

function Sure<T>({ entries, id, name, act, onClose }: SureProps<T>) {
  const read = useVersioned(entries, id)
  const done = useAct((reason: string) => entries[act](id, of(read.data?.version ?? null), { reason }))
  const { verb, follows } = SAID[act]
  return (
    <Confirm
      open
      title={`${verb} ${name}`}
      verb={verb}
      danger={act !== 'activate'}
      onClose={onClose}
      isPending={read.isPending || done.isPending}
      problem={done.error ?? read.error}
      onConfirm={reason => done.mutate(reason, { onSuccess: onClose })}
    >
      <Loaded query={read}>{() => <p>{follows}</p>}</Loaded>
    </Confirm>
  )
}
