/** A piece of a page that belongs together, with or without a heading. */

import { type ReactNode, useId } from 'react';

type Props = { title?: ReactNode; intro?: ReactNode; actions?: ReactNode; children?: ReactNode };

export function Card({ title, intro, actions, children }: Props) {
  const id = useId();
  const Box = title ? 'section' : 'div';
  return (
    <Box
      aria-labelledby={title ? id : undefined}
      className="flex flex-col gap-4 rounded-3xl border border-line bg-surface p-5"
    >
      {(title || actions) && (
        <div className="flex flex-wrap items-center justify-between gap-3">
          {title && (
            <h2 id={id} className="font-semibold text-lg">
              {title}
            </h2>
          )}
          {actions && <div className="flex flex-wrap gap-2">{actions}</div>}
        </div>
      )}
      {intro && <p className="-mt-2 text-soft text-sm">{intro}</p>}
      {children}
    </Box>
  );
}
