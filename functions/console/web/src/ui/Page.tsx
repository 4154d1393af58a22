import { type ReactNode, useEffect } from 'react'

import './Page.css'

interface Props {
  title: string
  /** What stands beside the title: a state, an id. */
  beside?: ReactNode
  actions?: ReactNode
  children: ReactNode
}

/** A page: its title (the tab's, too), what can be done on it, and its panels. */
export function Page({ title, beside, actions, children }: Props) {
  useEffect(() => {
    document.title = `${title} · Tenantry`
  }, [title])
  return (
    <main id="main" className="page" tabIndex={-1}>
      <header className="page-head">
        <div className="page-title">
          <h1>{title}</h1>
          {beside}
        </div>
        {actions && <div className="page-actions">{actions}</div>}
      </header>
      {children}
    </main>
  )
}
