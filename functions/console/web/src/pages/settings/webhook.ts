import { api, type Schemas } from '../../api/client'
import type { Readable } from '../../catalogue/entries'

export type Webhook = Schemas['Webhook']

/** One is edited as it was read. */
export const WEBHOOKS: Readable<Webhook> = {
  kind: 'webhook',
  read: id => api.GET('/v1/webhooks/{id}', { params: { path: { id } } }),
}
