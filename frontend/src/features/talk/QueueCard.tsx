/** All lines are busy: the person's place, when it is asked again, and a way out. */

import { Users } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/Button';
import { usePageTitle } from '../../ui/pageTitle';
import type { QueuePlace } from '../../voice/problem';
import { useCountdown } from './useCountdown';

type Props = { place: QueuePlace; askedAt_ms: number; onCancel: () => void };

export default function QueueCard({ place, askedAt_ms, onCancel }: Props) {
  const { t } = useTranslation('talk');
  const cancel = useRef<HTMLButtonElement>(null);
  useEffect(() => cancel.current?.focus(), []);
  const { position } = place;
  const title = position === null ? t('queue.title') : t('queue.place', { count: position });
  usePageTitle(title);
  return (
    <div
      data-testid="queue"
      className="m-auto flex w-full max-w-xl flex-col items-center gap-4 px-4 py-8 text-center"
    >
      <span className="inline-flex size-16 items-center justify-center rounded-full bg-accent-soft text-accent">
        <Users aria-hidden size={28} />
      </span>
      <h1 className="text-balance font-semibold text-2xl tracking-tight sm:text-3xl">{title}</h1>
      <p className="text-balance text-soft">{t('queue.body')}</p>
      <Countdown key={askedAt_ms} from_s={place.retry_s} />
      <Button ref={cancel} onClick={onCancel}>
        {t('queue.cancel')}
      </Button>
    </div>
  );
}

function Countdown({ from_s }: { from_s: number }) {
  const { t } = useTranslation('talk');
  const left_s = useCountdown(from_s);
  return (
    <p aria-hidden className="text-sm text-soft tabular-nums">
      {left_s > 0 ? t('queue.retryIn', { seconds: left_s }) : t('queue.asking')}
    </p>
  );
}
