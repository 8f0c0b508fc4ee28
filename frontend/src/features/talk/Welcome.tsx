/** Before the call: what this is, and the one button that starts it. */

import { Keyboard, LockOpen, Mic } from 'lucide-react';
import type { Ref } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/Button';
import { usePageTitle } from '../../ui/pageTitle';
import type { CallMode } from '../../voice/callState';
import { Visualizer } from './Visualizer';

type Props = {
  secure: boolean;
  onStart: (mode: CallMode) => void;
  headingRef?: Ref<HTMLHeadingElement>;
};

export function Welcome({ secure, onStart, headingRef }: Props) {
  const { t } = useTranslation('talk');
  usePageTitle(null);
  return (
    <div className="m-auto flex w-full max-w-lg flex-col items-center gap-8 px-4 py-8 text-center">
      <Visualizer look="idle" />
      <div className="flex flex-col gap-3">
        <h1
          ref={headingRef}
          tabIndex={-1}
          className="rounded-lg text-balance font-semibold text-3xl tracking-tight sm:text-4xl"
        >
          {t('welcome.title')}
        </h1>
        <p className="text-balance text-lg text-soft">{t('welcome.sentence')}</p>
      </div>
      {!secure && (
        <div className="flex gap-3 rounded-2xl bg-warn-soft p-4 text-left text-sm">
          <LockOpen aria-hidden size={20} className="mt-0.5 shrink-0 text-warn" />
          <div>
            <h2 className="font-semibold">{t('welcome.insecureTitle')}</h2>
            <p className="text-soft">{t('welcome.insecureBody')}</p>
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
          {t('welcome.start')}
        </Button>
        <Button
          look="secondary"
          className="min-h-13 w-full sm:w-auto"
          onClick={() => onStart('text')}
        >
          <Keyboard aria-hidden size={20} />
          {t('welcome.textOnly')}
        </Button>
      </div>
      <div className="flex flex-col gap-1 text-balance text-sm text-soft">
        <p id="start-hint">{t('welcome.startHint')}</p>
        <p>{t('welcome.privacy')}</p>
      </div>
    </div>
  );
}
