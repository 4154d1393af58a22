import { useState } from 'react'

import { api, settled } from '../../api/client'
import { useMay } from '../../api/may'
import { Problem } from '../../api/problem'
import { Button } from '../../ui/Button'
import { Refusal } from '../../ui/Notice'
import { save } from './save'

/** Everything that is held about it, as a file. The token goes with a request, not with a link. */
export function Export({ id, label = 'Export' }: { id: string; label?: string }) {
  const may = useMay()
  const [isPending, setPending] = useState(false)
  const [problem, setProblem] = useState<Problem | null>(null)
  if (!may('GET /v1/tenants/{id}/export')) return null
  const fetchIt = async () => {
    setPending(true)
    setProblem(null)
    try {
      const asked = api.GET('/v1/tenants/{id}/export', { params: { path: { id } }, parseAs: 'blob' })
      save(`${id}.json`, (await settled<Blob>(asked))!)
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      setProblem(error)
    } finally {
      setPending(false)
    }
  }
  return (
    <>
      <Refusal of={problem} />
      <Button onPress={() => void fetchIt()} isPending={isPending}>
        {label}
      </Button>
    </>
  )
}
