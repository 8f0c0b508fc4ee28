/** Asks before something that cannot be taken back; the safe answer has the focus. */

import { AlertDialog } from 'radix-ui';
import { type ReactNode, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from './Button';
import { DIALOG_ACTIONS, DIALOG_BACKDROP, DIALOG_BOX } from './Dialog';
import { ErrorCard } from './ErrorCard';
import { TextField } from './Field';

type Props = {
  open: boolean;
  onClose: () => void;
  onConfirm: () => void;
  title: string;
  body: ReactNode;
  confirmLabel: string;
  cancelLabel?: string;
  /** @defaultValue true */
  danger?: boolean;
  busy?: boolean;
  error?: Error | null;
  /** A word the person must type first, for what loses much. */
  typed?: string;
};

export default function ConfirmDialog(props: Props) {
  const { open, onClose, title, body, danger = true, busy = false, error = null, typed } = props;
  const { t } = useTranslation();
  const [answer, setAnswer] = useState('');
  useEffect(() => {
    if (open) setAnswer('');
  }, [open]);
  const allowed = typed === undefined || answer.trim() === typed;
  return (
    <AlertDialog.Root open={open} onOpenChange={(next) => !next && !busy && onClose()}>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className={DIALOG_BACKDROP} />
        <AlertDialog.Content className={DIALOG_BOX}>
          <AlertDialog.Title className="font-semibold text-xl">{title}</AlertDialog.Title>
          <AlertDialog.Description asChild>
            <div className="text-soft">{body}</div>
          </AlertDialog.Description>
          {typed !== undefined && (
            <TextField
              label={t('ui.typeToConfirm', { word: typed })}
              value={answer}
              onChange={(event) => setAnswer(event.target.value)}
              autoComplete="off"
              spellCheck={false}
            />
          )}
          {error && <ErrorCard error={error} />}
          <div className={DIALOG_ACTIONS}>
            <AlertDialog.Cancel asChild>
              <Button disabled={busy}>{props.cancelLabel ?? t('ui.cancel')}</Button>
            </AlertDialog.Cancel>
            <Button
              look={danger ? 'danger' : 'primary'}
              busy={busy}
              disabled={!allowed}
              onClick={props.onConfirm}
            >
              {props.confirmLabel}
            </Button>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
