import { Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components'

import { Button } from './Button'

export interface Action {
  id: string
  label: string
  danger?: boolean
  onAction: () => void
}

interface Props {
  label: string
  /** What it is done to, where there are several such buttons. */
  to?: string
  actions: readonly Action[]
}

/** What can be done, behind one button. */
export function Actions({ label, to, actions }: Props) {
  if (actions.length === 0) return null
  return (
    <MenuTrigger>
      <Button {...(to && { 'aria-label': `${label} for ${to}` })}>
        {label} <span aria-hidden="true">▾</span>
      </Button>
      <Popover className="popover" placement="bottom end">
        <Menu className="options" items={actions}>
          {action => (
            <MenuItem
              id={action.id}
              className={action.danger ? 'option danger' : 'option'}
              onAction={action.onAction}
            >
              {action.label}
            </MenuItem>
          )}
        </Menu>
      </Popover>
    </MenuTrigger>
  )
}
