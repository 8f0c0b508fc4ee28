/** The button of this app in its few looks; it takes everything a native button takes. */

import type { ComponentProps } from 'react';
import { Spinner } from './Spinner';

export type ButtonLook = 'primary' | 'secondary' | 'quiet' | 'danger';

// The border is what is left of a button where the system forces its own colours.
const SHAPE =
  'inline-flex min-h-11 items-center justify-center gap-2 rounded-full border px-5 py-2 font-medium transition-colors disabled:cursor-not-allowed disabled:opacity-50';
const LOOKS: Record<ButtonLook, string> = {
  primary: 'border-transparent bg-accent text-on-accent hover:bg-accent-strong',
  secondary: 'border-line-strong bg-surface text-ink hover:bg-raised',
  quiet: 'border-transparent text-ink hover:bg-raised',
  danger: 'border-transparent bg-danger text-on-danger hover:bg-danger-strong',
};

/** For links that look like buttons. */
export function buttonClasses(look: ButtonLook = 'secondary'): string {
  return `${SHAPE} ${LOOKS[look]}`;
}

type Props = ComponentProps<'button'> & {
  /** @defaultValue 'secondary' */
  look?: ButtonLook;
  /** Work is under way: shown, told to screen readers, and a second press does nothing. */
  busy?: boolean;
};

export function Button({
  look = 'secondary',
  busy = false,
  className = '',
  onClick,
  children,
  ...rest
}: Props) {
  return (
    <button
      type="button"
      className={`${buttonClasses(look)} aria-disabled:opacity-60 ${className}`}
      // Not `disabled`: that would throw the focus away in the middle of a form.
      aria-disabled={busy || undefined}
      aria-busy={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
      {...rest}
    >
      {busy && <Spinner />}
      {children}
    </button>
  );
}
