/** Parts of a page of which one is shown; arrow keys move between their names. */

import { Tabs as Radix } from 'radix-ui';
import type { ReactNode } from 'react';

export type Tab = { id: string; label: string; content: ReactNode };
type Props = {
  label: string;
  tabs: readonly Tab[];
  /** With `onChange`, to keep the choice elsewhere, in the address for one. */
  value?: string;
  onChange?: (id: string) => void;
};

export function Tabs({ label, tabs, value, onChange }: Props) {
  return (
    <Radix.Root
      value={value}
      onValueChange={onChange}
      defaultValue={value === undefined ? tabs[0]?.id : undefined}
      className="flex flex-col gap-5"
    >
      <Radix.List aria-label={label} className="flex flex-wrap gap-1 border-line border-b">
        {tabs.map((tab) => (
          <Radix.Trigger
            key={tab.id}
            value={tab.id}
            className="-mb-px min-h-11 border-transparent border-b-2 px-4 text-soft hover:text-ink data-[state=active]:border-accent data-[state=active]:font-medium data-[state=active]:text-ink forced-colors:border-[Canvas] forced-colors:data-[state=active]:border-[Highlight]"
          >
            {tab.label}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {tabs.map((tab) => (
        <Radix.Content key={tab.id} value={tab.id} className="flex flex-col gap-5">
          {tab.content}
        </Radix.Content>
      ))}
    </Radix.Root>
  );
}
