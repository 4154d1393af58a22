import type { ReactNode } from 'react'

import './Table.css'

interface Column<T> {
  head: string
  cell: (row: T) => ReactNode
  number?: boolean
}

interface Props<T> {
  /** What the table is of, for those who do not see it. */
  label: string
  rows: readonly T[]
  rowKey: (row: T) => string
  columns: readonly Column<T>[]
  /** Said instead of no rows. */
  empty: ReactNode
}

export function Table<T>({ label, rows, rowKey, columns, empty }: Props<T>) {
  if (rows.length === 0) return <p className="table-empty quiet">{empty}</p>
  return (
    // It can be scrolled by keyboard, too. No landmark: its panel is one, often by the same name.
    <div className="table-scroll" role="group" aria-label={label} tabIndex={0}>
      <table className="table">
        <thead>
          <tr>
            {columns.map(column => (
              <th key={column.head} scope="col" className={column.number ? 'number' : undefined}>
                {column.head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(row => (
            <tr key={rowKey(row)}>
              {columns.map(column => (
                <td key={column.head} className={column.number ? 'number' : undefined}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
