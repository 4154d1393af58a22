import { api } from '../../../api/client'
import { LOOKING, usePreview } from '../../../preview/usePreview'

/** What a deletion would destroy, and whether it takes two. */
export function useDeletionPreview(id: string) {
  return usePreview('delete', id, id =>
    api.DELETE('/v1/tenants/{id}', {
      params: { path: { id }, query: { dry_run: 'plan' } },
      body: { reason: LOOKING },
    }),
  )
}
