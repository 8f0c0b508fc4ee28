/** Signs of waiting. The spinner is a picture only: the words stand beside it. */

import { LoaderCircle } from 'lucide-react';
import { useTranslation } from 'react-i18next';

export function Spinner({ size = 18 }: { size?: number }) {
  return (
    <LoaderCircle aria-hidden size={size} className="animate-spin motion-reduce:animate-none" />
  );
}

/** The whole place waits: says so to everybody. */
export function Loading({ label }: { label?: string }) {
  const { t } = useTranslation();
  return (
    <p role="status" className="appears-late m-auto flex items-center gap-3 p-8 text-soft">
      <Spinner />
      {label ?? t('ui.loading')}
    </p>
  );
}

/** Grey lines in the shape of a list that is on its way. */
export function Skeleton({ rows = 3, label }: { rows?: number; label?: string }) {
  const { t } = useTranslation();
  return (
    <div role="status" className="flex flex-col gap-3">
      <span className="sr-only">{label ?? t('ui.loading')}</span>
      {Array.from({ length: rows }, (_, row) => row).map((row) => (
        <div
          key={row}
          aria-hidden
          className="h-16 animate-pulse rounded-2xl bg-raised motion-reduce:animate-none"
        />
      ))}
    </div>
  );
}
