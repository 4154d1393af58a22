import { ProgressBar } from 'react-aria-components'

import './Progress.css'

/** How far something is, of a hundred. */
export function Progress({ label, percent }: { label: string; percent: number }) {
  return (
    <ProgressBar className="progress" aria-label={label} value={percent}>
      <span className="progress-track">
        <span className="progress-done" style={{ width: `${percent}%` }} />
      </span>
      <span className="progress-figure">{percent} %</span>
    </ProgressBar>
  )
}
