/** A window over the page that keeps the focus and gives it back. */

import { X } from 'lucide-react';
import { Dialog as Radix } from 'radix-ui';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

type Props = {
  open: boolean;
  onClose: () => void;
  title: string;
  description?: ReactNode;
  children?: ReactNode;
  /** Buttons at the foot, the main one last. */
  actions?: ReactNode;
  /** What it shows is shown once: a click beside it does not close it. */
  once?: boolean;
};

export const DIALOG_BACKDROP = 'fixed inset-0 z-40 bg-black/50';
export const DIALOG_BOX =
  'fixed top-1/2 left-1/2 z-50 flex max-h-[90dvh] w-[calc(100vw-2rem)] max-w-lg -translate-x-1/2 -translate-y-1/2 flex-col gap-4 overflow-y-auto rounded-3xl border border-line bg-surface p-6 shadow-xl';
export const DIALOG_ACTIONS = 'flex flex-col-reverse gap-3 sm:flex-row sm:justify-end';

export function Dialog({
  open,
  onClose,
  title,
  description,
  children,
  actions,
  once = false,
}: Props) {
  const { t } = useTranslation();
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className={DIALOG_BACKDROP} />
        <Radix.Content
          className={DIALOG_BOX}
          onInteractOutside={(event) => once && event.preventDefault()}
          {...(description ? {} : { 'aria-describedby': undefined })}
        >
          <div className="flex items-start justify-between gap-4">
            <Radix.Title className="font-semibold text-xl">{title}</Radix.Title>
            <Radix.Close
              aria-label={t('ui.close')}
              className="-m-2 inline-flex size-11 shrink-0 items-center justify-center rounded-full text-soft hover:bg-raised hover:text-ink"
            >
              <X aria-hidden size={20} />
            </Radix.Close>
          </div>
          {description && (
            <Radix.Description className="text-soft">{description}</Radix.Description>
          )}
          {children}
          {actions && <div className={DIALOG_ACTIONS}>{actions}</div>}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
