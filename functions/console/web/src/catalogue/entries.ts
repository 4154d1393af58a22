import { api, type Schemas } from '../api/client'
import type { Act } from '../api/may'

type Answer<T> = Promise<{ data?: T; error?: unknown; response: Response }>
type Condition = { 'If-Match'?: string }

/** What is edited as it was read, and not over what others have changed meanwhile. */
export interface Readable<T> {
  kind: string
  read(id: string): Answer<T>
}

/** What is done to plans, themes and blueprints alike. */
export interface Entries<T> extends Readable<T> {
  /** What each act is called where the API says who may. */
  may: Record<'edit' | 'activate' | 'deactivate' | 'remove', Act>
  activate(id: string, header: Condition, body: Schemas['Reason']): Answer<unknown>
  deactivate(id: string, header: Condition, body: Schemas['Reason']): Answer<unknown>
  remove(id: string, header: Condition, body: Schemas['Reason']): Answer<unknown>
}

/** Changes that version, or whichever there is if none is known. */
export function of(version: string | null): Condition {
  return version === null ? {} : { 'If-Match': version }
}

export const PLANS: Entries<Schemas['Plan']> = {
  kind: 'plan',
  may: {
    edit: 'PUT /v1/plans/{id}',
    activate: 'POST /v1/plans/{id}/activate',
    deactivate: 'POST /v1/plans/{id}/deactivate',
    remove: 'DELETE /v1/plans/{id}',
  },
  read: id => api.GET('/v1/plans/{id}', { params: { path: { id } } }),
  activate: (id, header, body) =>
    api.POST('/v1/plans/{id}/activate', { params: { path: { id }, header }, body }),
  deactivate: (id, header, body) =>
    api.POST('/v1/plans/{id}/deactivate', { params: { path: { id }, header }, body }),
  remove: (id, header, body) => api.DELETE('/v1/plans/{id}', { params: { path: { id }, header }, body }),
}

export const THEMES: Entries<Schemas['Theme']> = {
  kind: 'theme',
  may: {
    edit: 'PUT /v1/themes/{id}',
    activate: 'POST /v1/themes/{id}/activate',
    deactivate: 'POST /v1/themes/{id}/deactivate',
    remove: 'DELETE /v1/themes/{id}',
  },
  read: id => api.GET('/v1/themes/{id}', { params: { path: { id } } }),
  activate: (id, header, body) =>
    api.POST('/v1/themes/{id}/activate', { params: { path: { id }, header }, body }),
  deactivate: (id, header, body) =>
    api.POST('/v1/themes/{id}/deactivate', { params: { path: { id }, header }, body }),
  remove: (id, header, body) => api.DELETE('/v1/themes/{id}', { params: { path: { id }, header }, body }),
}

export const BLUEPRINTS: Entries<Schemas['Blueprint']> = {
  kind: 'blueprint',
  may: {
    edit: 'PATCH /v1/blueprints/{name}',
    activate: 'POST /v1/blueprints/{name}/activate',
    deactivate: 'POST /v1/blueprints/{name}/deactivate',
    remove: 'DELETE /v1/blueprints/{name}',
  },
  read: name => api.GET('/v1/blueprints/{name}', { params: { path: { name } } }),
  activate: (name, header, body) =>
    api.POST('/v1/blueprints/{name}/activate', { params: { path: { name }, header }, body }),
  deactivate: (name, header, body) =>
    api.POST('/v1/blueprints/{name}/deactivate', { params: { path: { name }, header }, body }),
  remove: (name, header, body) =>
    api.DELETE('/v1/blueprints/{name}', { params: { path: { name }, header }, body }),
}
