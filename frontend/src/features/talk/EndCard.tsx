/** After the call: why it ended, and the way to the next one. */

import { Keyboard, Mic } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/Button';
import type { CallMode, EndReason } from '../../voice/callState';

type Props = { reason: EndReason; kept: boolean; onStart: (mode: CallMode) => void };

export function EndCard({ reason, kept, onStart }: Props) {
  const { t } = useTranslation('talk');
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <div className="flex flex-col items-center gap-4 text-center">
      <h1
        ref={heading}
        tabIndex={-1}
        className="rounded-lg font-semibold text-2xl tracking-tight sm:text-3xl"
      >
        {t('ended.title')}
      </h1>
      <p className="text-balance text-soft">{t(`ended.reasons.${reason}`)}</p>
      <div className="flex w-full flex-col justify-center gap-3 sm:flex-row">
        <Button look="primary" className="min-h-13 px-8" onClick={() => onStart('voice')}>
          <Mic aria-hidden size={20} />
          {t('ended.startAgain')}
        </Button>
        <Button className="min-h-13" onClick={() => onStart('text')}>
          <Keyboard aria-hidden size={20} />
          {t('ended.textOnly')}
        </Button>
      </div>
      {kept && <p className="text-sm text-soft">{t('ended.kept')}</p>}
    </div>
  );
}
