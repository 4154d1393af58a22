import { expect, test } from 'vitest'

import type { Schemas } from '../../api/client'
import { possible } from './possible'

const ID = '01M7YJMCAGDF8N7ZT7RZ80SAD4'

function known(operation: Partial<Schemas['Operation']>, tenant: Partial<Schemas['Tenant']> = {}) {
  const whole = {
    id: ID,
    kind: 'provision',
    state: 'running',
    workflow: { sequence: [{ step: 'a' }, { step: 'b' }] },
    steps: [],
    ...operation,
  } as unknown as Schemas['Operation']
  return {
    operation: whole,
    tenant: { status: 'provisioning', operation: ID, ...tenant } as Schemas['Tenant'],
    operations: [whole] as Schemas['OperationSummary'][],
    blueprint: { optional: ['b', 'c'] } as Schemas['Blueprint'],
  }
}

const fault = { step: 'a', fault: { kind: 'Terminal', cause: 'no', actor: 'us' } } as const

test('what runs can be cancelled, and do without what is optional', () => {
  expect(possible(known({}))).toEqual({ retry: false, cancel: true, skip: ['b'] })
  const done = { name: 'b', state: 'done', attempts: 1, busy_ms: 1 } as const
  expect(possible(known({ steps: [done] })).skip).toEqual([])
  const running = { ...done, state: 'running' } as const
  expect(possible(known({ steps: [running] })).skip).toEqual(['b'])
})

test('what has stopped cannot be stopped again', () => {
  expect(possible(known({ state: 'compensating', fault }))).toEqual({ retry: false, cancel: false, skip: [] })
  expect(possible(known({ state: 'running', fault })).cancel).toBe(false)
})

test('a teardown goes on to its end', () => {
  for (const kind of ['delete', 'repair', 'offboard'] as const) {
    expect(possible(known({ kind })), kind).toEqual({ retry: false, cancel: false, skip: [] })
  }
})

test('an offboarding does without the backup that holds it up', () => {
  const steps = [{ name: 'a', state: 'waiting', attempts: 0, busy_ms: 0 } as const]
  const offboarding = { until: '', wakes_at: '', tries: 2 }
  expect(possible(known({ kind: 'offboard', steps, offboarding })).skip).toEqual(['a'])
  const archive = {} as Schemas['Archive']
  expect(possible(known({ kind: 'offboard', steps, offboarding: { ...offboarding, archive } })).skip).toEqual(
    [],
  )
})

test('a tenant that failed or is stuck is tried again from its last operation', () => {
  for (const status of ['failed', 'stuck'] as const) {
    const ended = known({ state: status }, { status, operation: null })
    expect(possible(ended).retry, status).toBe(true)
    const later = { ...ended.operation, id: ID.replace('4', '5') }
    expect(possible({ ...ended, operations: [later, ended.operation] }).retry).toBe(false)
    const domain = { ...later, kind: 'domain' as const }
    expect(possible({ ...ended, operations: [domain, ended.operation] }).retry).toBe(true)
  }
})

test('nothing is retried that is well, busy or to be gone', () => {
  expect(possible(known({ state: 'succeeded' }, { status: 'active', operation: null })).retry).toBe(false)
  expect(possible(known({ state: 'failed' }, { status: 'failed' })).retry).toBe(false)
  expect(
    possible(known({ kind: 'delete', state: 'stuck' }, { status: 'stuck', operation: null })).retry,
  ).toBe(false)
})
