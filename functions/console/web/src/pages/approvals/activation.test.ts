import { expect, test } from 'vitest'

import { approval, type Choices, onOffer } from './activation'

const SIGNUP: Choices = {
  name: 'Acme Coffee',
  theme: 'upfront-modern',
  plan: 'starter',
  subdomain: 'acme',
  domain: 'shop.example.com',
  category: null,
  integrations: ['stripe', 'analytics'],
}

test('a signup that is approved as it is names nothing', () => {
  expect(approval(SIGNUP, SIGNUP, 'checked')).toEqual({ reason: 'checked' })
  const shuffled = { ...SIGNUP, integrations: ['analytics', 'stripe'] }
  expect(approval(SIGNUP, shuffled, 'checked')).toEqual({ reason: 'checked' })
})

test('what is different is named, and a domain that was taken out is empty', () => {
  const chosen = { ...SIGNUP, plan: 'professional', domain: '', category: 'books', integrations: [] }
  expect(approval(SIGNUP, chosen, 'checked')).toEqual({
    reason: 'checked',
    plan: 'professional',
    custom_domain: '',
    category: 'books',
    integrations: [],
  })
})

test('what can be chosen is what the blueprint names and is on offer, and what the signup has', () => {
  const plan = (id: string, active: boolean) => ({ id, active })
  const plans = [plan('a', true), plan('b', false), plan('c', true), plan('old', false)]
  const ids = (had: string | null) => onOffer(['c', 'b', 'a', 'gone'], plans, had).map(({ id }) => id)
  expect(ids(null)).toEqual(['c', 'a'])
  expect(ids('b')).toEqual(['c', 'b', 'a'])
  expect(ids('old')).toEqual(['c', 'a', 'old'])
})
