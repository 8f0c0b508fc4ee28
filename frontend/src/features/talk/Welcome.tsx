/** Before the call: what this is, and the one button that starts it. */

import { Keyboard, LockOpen, Mic } from 'lucide-react';
import { text } from '../../i18n';
import { Button } from '../../ui/Button';
import type { CallMode } from '../../voice/callState';
import { Visualizer } from './Visualizer';

type Props = { secure: boolean; onStart: (mode: CallMode) => void };

export function Welcome({ secure, onStart }: Props) {
  const words = text.welcome;
  return (
    <div className="m-auto flex w-full max-w-lg flex-col items-center gap-8 px-4 py-8 text-center">
      <Visualizer look="idle" />
      <div className="flex flex-col gap-3">
        <h1 className="text-balance font-semibold text-3xl tracking-tight sm:text-4xl">
          {words.title}
        </h1>
        <p className="text-balance text-lg text-soft">{words.sentence}</p>
      </div>
      {!secure && (
        <div className="flex gap-3 rounded-2xl bg-warn-soft p-4 text-left text-sm">
          <LockOpen aria-hidden size={20} className="mt-0.5 shrink-0 text-warn" />
          <div>
            <h2 className="font-semibold">{words.insecureTitle}</h2>
            <p className="text-soft">{words.insecureBody}</p>
          </div>
        </div>
      )}
      <div className="flex w-full flex-col items-center gap-3 sm:flex-row sm:justify-center">
        <Button
          look="primary"
          className="min-h-13 w-full px-9 text-lg sm:w-auto"
          aria-describedby="start-hint"
          onClick={() => onStart('voice')}
        >
          <Mic aria-hidden size={20} />
          {words.start}
        </Button>
        <Button
          look="secondary"
          className="min-h-13 w-full sm:w-auto"
          onClick={() => onStart('text')}
        >
          <Keyboard aria-hidden size={20} />
          {words.textOnly}
        </Button>
      </div>
      <div className="flex flex-col gap-1 text-balance text-sm text-soft">
        <p id="start-hint">{words.startHint}</p>
        <p>{words.privacy}</p>
      </div>
    </div>
  );
}
