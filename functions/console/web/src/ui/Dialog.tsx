import { type ReactNode, useEffect, useRef, useState } from 'react'
import { Dialog as Aria, Heading, Modal, ModalOverlay } from 'react-aria-components'

import type { Problem } from '../api/problem'
import { Button } from './Button'
import { Field } from './Field'
import { Refusal } from './Notice'
import './Dialog.css'

interface Props {
  title: string
  open: boolean
  onClose: () => void
  wide?: boolean | undefined
  children: ReactNode
}

export function Dialog({ title, open, onClose, wide, children }: Props) {
  return (
    <ModalOverlay className="overlay" isOpen={open} onOpenChange={now => !now && onClose()} isDismissable>
      <Modal className={wide ? 'modal wide' : 'modal'}>
        <Inside title={title}>{children}</Inside>
      </Modal>
    </ModalOverlay>
  )
}

function Inside({ title, children }: Pick<Props, 'title' | 'children'>) {
  const dialog = useRef<HTMLElement>(null)
  // What had the focus may go, a form that was sent: nobody is told, and Escape would be heard by nobody.
  useEffect(() => {
    const changes = new MutationObserver(() => {
      if (document.activeElement === document.body) dialog.current?.focus()
    })
    changes.observe(dialog.current!, { childList: true, subtree: true })
    return () => changes.disconnect()
  }, [])
  return (
    <Aria className="dialog" ref={dialog}>
      <Heading slot="title" level={2}>
        {title}
      </Heading>
      {children}
    </Aria>
  )
}

interface ConfirmProps {
  title: string
  /** The word on the button: what will be done. */
  verb: string
  open: boolean
  onClose: () => void
  danger?: boolean
  wide?: boolean
  /** Whether what else is asked is answered. */
  isReady?: boolean
  /** What has to be typed before it can be done: a tenant's subdomain, where nothing brings it back. */
  typed?: string
  isPending: boolean
  problem: Problem | null
  /** How the reason is asked for, of whoever has no audit log. */
  why?: { label: string; hint: string }
  onConfirm: (reason: string) => void
  /** What follows from it, and what else is asked. */
  children?: ReactNode
}

/** Asks whether it is meant, and why: the reason goes into the audit log. */
export function Confirm(props: ConfirmProps) {
  const [reason, setReason] = useState('')
  const [typed, setTyped] = useState('')
  const ready =
    reason.trim() !== '' && (props.isReady ?? true) && (props.typed === undefined || typed === props.typed)
  return (
    <Dialog title={props.title} open={props.open} onClose={props.onClose} wide={props.wide}>
      <form
        className="form"
        noValidate
        onSubmit={event => {
          event.preventDefault()
          if (ready && !props.isPending) props.onConfirm(reason.trim())
        }}
      >
        {props.children}
        <Field
          label={props.why?.label ?? 'Reason'}
          hint={props.why?.hint ?? 'Kept in the audit log.'}
          value={reason}
          onChange={setReason}
          maxLength={500}
          isRequired
          // Who is asked for more begins there.
          autoFocus={props.isReady === undefined}
          problem={props.problem?.about('reason')}
        />
        {props.typed !== undefined && (
          <Field
            label={`Type ${props.typed} to confirm`}
            value={typed}
            onChange={setTyped}
            autoComplete="off"
          />
        )}
        <Refusal of={props.problem} />
        <div className="dialog-actions">
          <Button onPress={props.onClose}>Close</Button>
          <Button
            type="submit"
            look={props.danger ? 'danger' : 'main'}
            isDisabled={!ready}
            isPending={props.isPending}
          >
            {props.verb}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
