/** One screen: its title in the tab and on the page, what it is for, what can be done. */

import type { ReactNode } from 'react';
import { useArrivalFocus } from './arrivalFocus';
import { usePageTitle } from './pageTitle';

type Props = {
  title: string;
  intro?: ReactNode;
  actions?: ReactNode;
  /** `narrow` for forms. @defaultValue 'wide' */
  width?: 'narrow' | 'wide';
  children?: ReactNode;
};

export function Page({ title, intro, actions, width = 'wide', children }: Props) {
  usePageTitle(title);
  const heading = useArrivalFocus<HTMLHeadingElement>();
  return (
    <main
      id="main"
      tabIndex={-1}
      className={`mx-auto flex w-full flex-1 flex-col gap-6 px-4 py-6 sm:px-6 ${width === 'narrow' ? 'max-w-md' : 'max-w-4xl'}`}
    >
      <div className="flex flex-wrap items-start justify-between gap-4">
        <div className="min-w-0">
          <h1
            ref={heading}
            tabIndex={-1}
            className="rounded-lg font-semibold text-3xl tracking-tight"
          >
            {title}
          </h1>
          {intro && <p className="mt-1 max-w-prose text-soft">{intro}</p>}
        </div>
        {actions && <div className="flex flex-wrap gap-2">{actions}</div>}
      </div>
      {children}
    </main>
  );
}
