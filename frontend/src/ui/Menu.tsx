/** Actions behind one button: arrow keys, type-ahead and Escape work as in any menu. */

import type { LucideIcon } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import type { ReactNode } from 'react';
import { Link } from 'react-router';

export type MenuItem = {
  label: string;
  icon?: LucideIcon;
  danger?: boolean;
  disabled?: boolean;
} & ({ onSelect: () => void; to?: never } | { to: string; onSelect?: never });

type Props = {
  /** The button; it must be a single element that takes a ref: `<Button>` does. */
  trigger: ReactNode;
  /** A line above the items. */
  heading?: string;
  items: readonly MenuItem[];
};

const ITEM =
  'flex min-h-11 w-full cursor-pointer items-center gap-3 rounded-xl px-3 text-left outline-none data-[disabled]:opacity-50 data-[highlighted]:bg-raised forced-colors:data-[highlighted]:outline-2';

export function Menu({ trigger, heading, items }: Props) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      {/* No portal: the menu stays within the landmark its button is in. */}
      <DropdownMenu.Content
        align="end"
        sideOffset={6}
        collisionPadding={8}
        className="z-50 min-w-48 max-w-72 rounded-2xl border border-line bg-surface p-1.5 shadow-lg"
      >
        {heading && (
          <DropdownMenu.Label className="truncate px-3 py-2 text-soft text-sm">
            {heading}
          </DropdownMenu.Label>
        )}
        {items.map((item) => (
          <Item key={item.label} item={item} />
        ))}
      </DropdownMenu.Content>
    </DropdownMenu.Root>
  );
}

function Item({ item }: { item: MenuItem }) {
  const Icon = item.icon;
  const inside = (
    <>
      {Icon && <Icon aria-hidden size={18} />}
      {item.label}
    </>
  );
  const className = `${ITEM} ${item.danger ? 'text-danger' : ''}`;
  return item.to !== undefined ? (
    <DropdownMenu.Item asChild disabled={item.disabled} className={className}>
      <Link to={item.to}>{inside}</Link>
    </DropdownMenu.Item>
  ) : (
    <DropdownMenu.Item disabled={item.disabled} onSelect={item.onSelect} className={className}>
      {inside}
    </DropdownMenu.Item>
  );
}
