import { Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components'

import { Button } from './Button'

export interface Action {
  id: string
  label: string
  danger?: boolean
  onAction: () => void
}

/** What can be done, behind one button. */
export function Actions({ label, actions }: { label: string; actions: readonly Action[] }) {
  if (actions.length === 0) return null
  return (
    <MenuTrigger>
      <Button>
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
