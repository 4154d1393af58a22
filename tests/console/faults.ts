import { stack } from './stack'

/** What a cloud of the sandbox does wrong; `contains` says to whom alone: their name. */
export interface Fault {
  function: string
  acts: readonly ('create' | 'read' | 'destroy')[]
  contains: string
  kind: 'deny' | 'error' | 'throttle' | 'slow'
  ms?: number
}

/** Puts a fault in force, and gives what takes it back. */
export async function inject(fault: Fault): Promise<() => Promise<void>> {
  const { id } = (await asked('POST', '/_faults', fault)) as { id: number }
  return async () => void (await asked('DELETE', `/_faults/${id}`))
}

async function asked(method: string, path: string, body?: object): Promise<unknown> {
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(new URL(path, stack.sandbox), {
    method,
    ...(body && { headers, body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`)
  return text ? JSON.parse(text) : undefined
}
