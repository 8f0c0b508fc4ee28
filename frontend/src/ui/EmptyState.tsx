/** Nothing here yet: says what will be, and how to begin. */

import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';

type Props = { icon: LucideIcon; title: string; body?: ReactNode; action?: ReactNode };

export function EmptyState({ icon: Icon, title, body, action }: Props) {
  return (
    <div className="flex flex-col items-center gap-3 rounded-3xl border border-line-strong border-dashed px-6 py-12 text-center">
      <Icon aria-hidden size={32} className="text-soft" />
      <h2 className="font-semibold text-lg">{title}</h2>
      {body && <p className="max-w-prose text-balance text-soft">{body}</p>}
      {action}
    </div>
  );
}
