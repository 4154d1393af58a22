import { useState } from 'react'

import { useAct } from '../api/act'
import { api, type Schemas } from '../api/client'
import { Button } from '../ui/Button'
import { Confirm, Dialog } from '../ui/Dialog'

/** Adds the plans and themes that the platform comes with, where they are missing. */
export function SeedDefaults() {
  const [open, setOpen] = useState(false)
  const seed = useAct((body: Schemas['Reason'], key) =>
    api.POST('/v1/catalogue/defaults', { params: { header: { 'Idempotency-Key': key } }, body }),
  )
  const close = () => {
    setOpen(false)
    seed.reset()
  }
  const added = seed.data && [...seed.data.plans, ...seed.data.themes]
  return (
    <>
      <Button onPress={() => setOpen(true)}>Add the defaults</Button>
      {added ? (
        <Dialog title="Add the defaults" open={open} onClose={close}>
          <p>{added.length > 0 ? `Added: ${added.join(', ')}.` : 'None was missing.'}</p>
          <div className="dialog-actions">
            <Button onPress={close}>Close</Button>
          </div>
        </Dialog>
      ) : (
        open && (
          <Confirm
            open
            title="Add the defaults"
            verb="Add"
            onClose={close}
            isPending={seed.isPending}
            problem={seed.error}
            onConfirm={reason => seed.mutate({ reason })}
          >
            <p>Adds the plans and themes that the platform comes with. What is there stays as it is.</p>
          </Confirm>
        )
      )}
    </>
  )
}
