/** Where people type. The text stays until the agent's side has it. */

import { SendHorizontal } from 'lucide-react';
import { type KeyboardEvent, type SubmitEvent, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';

type SendState = 'idle' | 'sending' | 'failed';
type Props = { onSend: (text: string) => Promise<void>; autoFocus?: boolean };

export function Composer({ onSend, autoFocus = false }: Props) {
  const { t } = useTranslation('talk');
  const [draft, setDraft] = useState('');
  const [state, setState] = useState<SendState>('idle');
  const box = useRef<HTMLTextAreaElement>(null);
  const empty = draft.trim() === '';

  const send = async () => {
    if (empty || state === 'sending') return;
    // The button goes off now, and would drop the focus.
    box.current?.focus();
    setState('sending');
    try {
      await onSend(draft.trim());
      setDraft('');
      setState('idle');
    } catch {
      setState('failed');
    }
  };
  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    void send();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // While an input method is composing, Enter picks a word and sends nothing.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    void send();
  };

  return (
    <form onSubmit={onSubmit} className="flex flex-col gap-2 border-line border-t p-3">
      <p role="alert" id="send-failed" className="px-2 text-danger text-sm empty:absolute">
        {state === 'failed' && t('composer.failed')}
      </p>
      <div className="flex items-end gap-2">
        <label className="sr-only" htmlFor="message">
          {t('composer.label')}
        </label>
        <textarea
          id="message"
          ref={box}
          rows={1}
          value={draft}
          // biome-ignore lint/a11y/noAutofocus: in a text-only call typing is the next step.
          autoFocus={autoFocus}
          readOnly={state === 'sending'}
          aria-describedby={state === 'failed' ? 'send-failed' : undefined}
          placeholder={t('composer.placeholder')}
          onChange={(event) => {
            setDraft(event.target.value);
            if (state === 'failed') setState('idle');
          }}
          onKeyDown={onKeyDown}
          className="field-sizing-content max-h-32 min-h-11 min-w-0 flex-1 resize-none rounded-3xl border border-field bg-canvas px-4 py-2.5 placeholder:text-soft"
        />
        <button
          type="submit"
          aria-label={state === 'failed' ? t('composer.retry') : t('composer.send')}
          title={state === 'failed' ? t('composer.retry') : t('composer.send')}
          disabled={empty || state === 'sending'}
          className="inline-flex size-11 shrink-0 items-center justify-center rounded-full bg-accent text-on-accent transition-colors hover:bg-accent-strong disabled:bg-raised disabled:text-soft"
        >
          <SendHorizontal aria-hidden size={20} />
        </button>
      </div>
    </form>
  );
}
