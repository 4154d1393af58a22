import { Button as Pressable, type ButtonProps } from 'react-aria-components'

import './Button.css'

interface Props extends ButtonProps {
  /** What it is: the one thing to do here, one of several, something that destroys, or just a word. */
  look?: 'main' | 'plain' | 'danger' | 'bare'
}

export function Button({ look = 'plain', ...props }: Props) {
  return <Pressable {...props} className={`button ${look}`} />
}
