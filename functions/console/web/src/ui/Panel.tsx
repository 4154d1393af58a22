import { type ReactNode, useId } from 'react'

import './Panel.css'

interface Props {
  title?: string
  actions?: ReactNode
  /** A table or a drawing that reaches the panel's edges. */
  flush?: boolean
  children: ReactNode
}

/** A part of a page, with a name. */
export function Panel({ title, actions, flush, children }: Props) {
  const id = useId()
  return (
    <section className={flush ? 'panel flush' : 'panel'} {...(title && { 'aria-labelledby': id })}>
      {(title || actions) && (
        <div className="panel-head">
          {title && <h2 id={id}>{title}</h2>}
          {actions && <div className="panel-actions">{actions}</div>}
        </div>
      )}
      <div className="panel-body">{children}</div>
    </section>
  )
}

/** Panels side by side where there is room. */
export function Panels({ children }: { children: ReactNode }) {
  return <div className="panels">{children}</div>
}
