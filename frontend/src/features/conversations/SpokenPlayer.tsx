/** Speaks a conversation again, turn after turn. */

import { Pause, Play, SkipForward, Square, Volume2 } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { ErrorCard } from '../../ui/ErrorCard';
import { SpeedSelect } from './SpeedSelect';
import type { SpokenState } from './useSpokenReplay';

export function SpokenPlayer({ spoken }: { spoken: SpokenState }) {
  const { t } = useTranslation('conversations');
  const { state } = spoken;
  const resting = state.kind === 'idle' || state.kind === 'finished';
  const waiting = state.kind === 'paused' || state.kind === 'blocked' || state.kind === 'failed';
  return (
    <Card title={t('again.title')} intro={t('again.intro')}>
      <div className="flex flex-wrap items-end gap-3">
        {/* One button that stays in place, so that the focus does. */}
        <Button
          look="primary"
          onClick={resting ? spoken.play : waiting ? spoken.resume : spoken.pause}
        >
          {resting && <Volume2 aria-hidden size={18} />}
          {waiting && <Play aria-hidden size={18} />}
          {!resting && !waiting && <Pause aria-hidden size={18} />}
          {t(resting ? 'again.play' : waiting ? 'again.resume' : 'again.pause')}
        </Button>
        {!resting && (
          <Button onClick={spoken.stop}>
            <Square aria-hidden size={18} />
            {t('again.stop')}
          </Button>
        )}
        {state.kind === 'failed' && (
          <Button onClick={spoken.skip}>
            <SkipForward aria-hidden size={18} />
            {t('again.skip')}
          </Button>
        )}
        <SpeedSelect speed={spoken.speed} onChange={spoken.setSpeed} />
      </div>
      <p role="status" className="text-soft text-sm empty:hidden">
        {words()}
      </p>
      {state.kind === 'failed' && <ErrorCard error={state.error} title={t('again.failed')} />}
      {state.kind === 'blocked' && (
        <div role="alert" className="rounded-2xl bg-warn-soft p-4 text-sm">
          <p className="font-semibold">{t('again.blocked')}</p>
          <p>{t('again.blockedBody')}</p>
        </div>
      )}
    </Card>
  );

  function words(): string {
    if (state.kind === 'finished') return t('again.finished');
    if (state.kind === 'preparing') return t('again.preparing');
    if (state.kind !== 'playing' && state.kind !== 'paused') return '';
    const place = spoken.order.indexOf(spoken.replay.turnId ?? '') + 1;
    return t('again.place', { place, count: spoken.order.length });
  }
}
