/** How long the person waited for one reply; opened, where that time went. */

import { ChevronDown } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { TurnTiming } from '../../voice/events';
import { Waterfall } from './Waterfall';
import { secondsWords } from './words';

export function LatencyChip({ timing }: { timing: TurnTiming }) {
  const { t } = useTranslation('talk');
  const waited_s = timing.times.e2e_latency_s;
  if (waited_s === null) return null;
  return (
    <details data-testid="reply-latency" className="group w-full text-xs">
      <summary className="inline-flex min-h-6 items-center gap-1 rounded-full bg-raised px-2.5 text-soft tabular-nums hover:text-ink">
        {t('latency.seconds', { seconds: secondsWords(waited_s) })}
        <span className="sr-only">{t('latency.open')}</span>
        <ChevronDown aria-hidden size={12} className="group-open:rotate-180" />
      </summary>
      <div className="mt-2 rounded-2xl border border-line bg-canvas p-3">
        <Waterfall timing={timing} />
      </div>
    </details>
  );
}
