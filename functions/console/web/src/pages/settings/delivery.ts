import type { Schemas } from '../../api/client'

/** What the page reads of an event: the API's document leaves its shape to the schemas in docs/events. */
interface Told {
  type: string
  time?: string
  tenant?: string
}

export function told({ event }: Pick<Schemas['Delivery'], 'event'>): Told {
  const { type, time, tenant } = event as Record<string, unknown>
  return {
    type: typeof type === 'string' ? type : 'event',
    ...(typeof time === 'string' && { time }),
    ...(typeof tenant === 'string' && { tenant }),
  }
}
