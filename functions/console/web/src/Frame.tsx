import { type ReactNode, useEffect, useState } from 'react'
import { Link, useLocation } from 'wouter'

import type { Schemas } from './api/client'
import { useUnreachableSince } from './api/reachable'
import { signOut } from './sign-in'
import { Button } from './ui/Button'
import { Notice } from './ui/Notice'
import { Time } from './ui/Time'
import './Frame.css'

const PLACES = [
  ['/', 'Overview'],
  ['/tenants', 'Tenants'],
  ['/approvals', 'Approvals'],
  ['/repairs', 'Repair tasks'],
  ['/billing', 'Billing events'],
  ['/plans', 'Plans'],
  ['/themes', 'Themes'],
  ['/blueprints', 'Blueprints'],
  ['/settings', 'Settings'],
] as const

/** What stands around every page: where one can go, who one is, and whether the API is reached. */
export function Frame({ me, children }: { me: Schemas['Me']; children: ReactNode }) {
  const [place] = useLocation()
  const [open, setOpen] = useState(false)
  const unreachable = useUnreachableSince()
  useEffect(() => setOpen(false), [place])
  const ours = me.role !== 'tenant'
  return (
    <div className="frame">
      <a
        className="skip-link"
        href="#main"
        onClick={event => {
          // The hash is the router's.
          event.preventDefault()
          document.getElementById('main')?.focus()
        }}
      >
        Skip to the page
      </a>
      <header className="rail">
        <div className="brand">
          <img src="./icon.svg" alt="" width="22" height="22" />
          Tenantry
        </div>
        {ours && (
          <button
            type="button"
            className="rail-toggle"
            aria-expanded={open}
            aria-controls="places"
            onClick={() => setOpen(!open)}
          >
            Menu
          </button>
        )}
        <div id="places" className={open ? 'places open' : 'places'}>
          {ours && (
            <nav aria-label="Pages">
              <ul>
                {PLACES.map(([to, label]) => {
                  const here = to === '/' ? place === '/' : place.startsWith(to)
                  return (
                    <li key={to}>
                      <Link to={to} {...(here && { 'aria-current': 'page' as const })}>
                        {label}
                      </Link>
                    </li>
                  )
                })}
              </ul>
            </nav>
          )}
          <div className="who">
            <Scheme />
            <div className="small">
              {me.name}
              {/* To a customer it says nothing. */}
              {ours && <div className="quiet">{me.role}</div>}
            </div>
            <Button look="bare" onPress={() => void signOut()}>
              Sign out
            </Button>
          </div>
        </div>
      </header>
      <div className="content">
        {unreachable && (
          <div className="unreachable">
            <Notice tone="wait" title="The API is not reached">
              What is on the page is as it was <Time at={unreachable.toISOString()} />. It goes on by itself.
            </Notice>
          </div>
        )}
        {children}
      </div>
    </div>
  )
}

const SCHEME = 'scheme'

/** Light or dark, where the system's choice is not the reader's. */
function Scheme() {
  const [scheme, choose] = useState(() => localStorage.getItem(SCHEME) ?? '')
  useEffect(() => {
    if (scheme) {
      document.documentElement.dataset['scheme'] = scheme
      localStorage.setItem(SCHEME, scheme)
    } else {
      delete document.documentElement.dataset['scheme']
      localStorage.removeItem(SCHEME)
    }
  }, [scheme])
  return (
    <label className="scheme small">
      <span className="quiet">Colours</span>
      <select value={scheme} onChange={event => choose(event.target.value)}>
        <option value="">as the system</option>
        <option value="light">light</option>
        <option value="dark">dark</option>
      </select>
    </label>
  )
}
