/** The button that is held to talk: with a finger, the mouse, or Space on it. */

import { Mic } from 'lucide-react';
import type { KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { focusIfFree } from './focusIfFree';

export type HeldKey = { held: boolean; press: () => void; release: () => void };

export function TalkKeyButton({ held, press, release }: HeldKey) {
  const { t } = useTranslation('talk');
  const isKey = (event: KeyboardEvent) => event.key === ' ' || event.key === 'Enter';
  return (
    <button
      type="button"
      aria-pressed={held}
      title={t('call.holdHint')}
      // As Mute does, so that Space talks at once.
      ref={focusIfFree}
      onPointerDown={(event) => {
        // The finger may slide off the button without ending the turn.
        event.currentTarget.setPointerCapture(event.pointerId);
        press();
      }}
      onPointerUp={release}
      onPointerCancel={release}
      onContextMenu={(event) => event.preventDefault()}
      onKeyDown={(event) => {
        if (!isKey(event)) return;
        event.preventDefault();
        if (!event.repeat) press();
      }}
      onKeyUp={(event) => {
        if (!isKey(event)) return;
        event.preventDefault();
        release();
      }}
      onBlur={release}
      // Assistive technology cannot hold: its click has no pointer, and says down and up in turn.
      onClick={(event) => {
        if (event.detail === 0) (held ? release : press)();
      }}
      className={`flex h-14 min-w-0 flex-[2] touch-none select-none flex-col items-center justify-center gap-0.5 rounded-full px-2 text-xs transition-colors sm:w-32 ${
        held ? 'bg-accent text-on-accent' : 'bg-accent-soft text-ink'
      }`}
    >
      <Mic aria-hidden size={22} />
      {t('call.hold')}
    </button>
  );
}
