import type { ReactNode } from 'react'

import type { Problem } from '../api/problem'
import './Notice.css'

interface Props {
  tone: 'good' | 'busy' | 'wait' | 'bad'
  title?: string
  children?: ReactNode
}

/** Something to be told on the page. */
export function Notice({ tone, title, children }: Props) {
  return (
    <div className={`notice ${tone}`} role={tone === 'bad' ? 'alert' : 'status'}>
      {title && <strong>{title}</strong>}
      {children && <div>{children}</div>}
    </div>
  )
}

/** What the API refused, and what to change. */
export function Refusal({ of }: { of: Problem | null | undefined }) {
  if (!of) return null
  return (
    <Notice tone="bad" title={of.title}>
      <p>{of.message}</p>
      {of.violations.length > 0 && (
        <ul className="violations">
          {of.violations.map(violation => (
            <li key={violation.field}>
              <code>{violation.field}</code> {violation.problem}; allowed: {violation.allowed}
            </li>
          ))}
        </ul>
      )}
    </Notice>
  )
}
