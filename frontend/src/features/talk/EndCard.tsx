/** After the call: why it ended, how fast it was, and the ways on. */

import { Keyboard, MessagesSquare, Mic, PhoneForwarded } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { Button, buttonClasses } from '../../ui/Button';
import { usePageTitle } from '../../ui/pageTitle';
import type { CallMode, EndReason } from '../../voice/callState';
import type { Transcript } from '../../voice/transcript';
import { LatencyLine } from './TranscriptPanel';

type Props = {
  reason: EndReason;
  entries: Transcript;
  /** Null where nothing was begun that could be gone on with. */
  conversationId: string | null;
  /** The talk was cut, not ended: the way back comes first. */
  cut: boolean;
  onStart: (mode: CallMode) => void;
  onContinue: () => void;
};

export function EndCard({ reason, entries, conversationId, cut, onStart, onContinue }: Props) {
  const { t } = useTranslation('talk');
  usePageTitle(t('ended.title'));
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const goOn = conversationId !== null && entries.length > 0;
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
      <LatencyLine entries={entries} />
      <div className="flex w-full flex-col flex-wrap justify-center gap-3 sm:flex-row">
        {goOn && cut && (
          <Button look="primary" className="min-h-13 px-8" onClick={onContinue}>
            <PhoneForwarded aria-hidden size={20} />
            {t('ended.rejoin')}
          </Button>
        )}
        <Button
          look={goOn && cut ? 'secondary' : 'primary'}
          className="min-h-13 px-8"
          onClick={() => onStart('voice')}
        >
          <Mic aria-hidden size={20} />
          {t('ended.startAgain')}
        </Button>
        <Button className="min-h-13" onClick={() => onStart('text')}>
          <Keyboard aria-hidden size={20} />
          {t('ended.textOnly')}
        </Button>
      </div>
      {goOn && (
        <div className="flex flex-wrap justify-center gap-x-2">
          {!cut && (
            <Button look="quiet" onClick={onContinue}>
              <PhoneForwarded aria-hidden size={18} />
              {t('ended.goOn')}
            </Button>
          )}
          <Link to={`/conversations/${conversationId}`} className={buttonClasses('quiet')}>
            <MessagesSquare aria-hidden size={18} />
            {t('ended.open')}
          </Link>
        </div>
      )}
      {entries.length > 0 && <p className="text-sm text-soft">{t('ended.kept')}</p>}
    </div>
  );
}
