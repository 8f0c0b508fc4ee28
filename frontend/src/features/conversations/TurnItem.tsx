/** One turn of a kept conversation: who, when, the words that were heard and those that were not. */

import { Play } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { formatClock, formatDateTime } from '../../ui/format';
import { timesFrom } from '../../voice/events';
import { LatencyChip } from '../talk/LatencyChip';
import { entriesOf } from '../talk/recalled';
import { ToolCard } from '../talk/ToolCard';
import type { Turn } from './conversations';
import { partsOf } from './heard';
import type { Replay } from './useRecording';
// The look of the waterfall.
import '../talk/call.css';

type Props = {
  turn: Turn;
  agent: string;
  /** When the conversation began, as a number of `Date`. */
  began_ms: number;
  linked: boolean;
  replay: Replay | null;
};

export function TurnItem({ turn, agent, began_ms, linked, replay }: Props) {
  const { t } = useTranslation('conversations');
  const own = turn.role === 'user';
  const current = replay?.turnId === turn.id;
  const at = formatClock((Date.parse(turn.started_at) - began_ms) / 1000);
  const tools = entriesOf([turn]).filter((entry) => entry.kind === 'tool');
  const timing = { times: timesFrom(turn.timing), preemptive: false, discarded: 0, fallbacks: [] };
  return (
    <li
      id={turnAnchor(turn.id)}
      tabIndex={-1}
      data-role={turn.role}
      aria-current={current ? 'true' : undefined}
      className={`flex scroll-mt-24 flex-col gap-1.5 rounded-2xl p-2 ${own ? 'items-end' : 'items-start'} ${
        current ? 'outline-2 outline-accent' : linked ? 'outline-2 outline-line-strong' : ''
      }`}
    >
      {tools.map((tool) => (
        <div key={tool.id} className="w-full">
          <ToolCard tool={tool} />
        </div>
      ))}
      <div className="flex flex-wrap items-center gap-x-2 px-1 text-soft text-xs">
        <span className="font-medium text-ink">{own ? t('you') : agent}</span>
        <a
          href={`#${turnAnchor(turn.id)}`}
          aria-label={t('linkTurn', { time: at })}
          title={formatDateTime(turn.started_at)}
          className="inline-flex min-h-6 items-center tabular-nums underline-offset-2 hover:underline"
        >
          {at}
        </a>
        {turn.interrupted && <span>{t('interrupted')}</span>}
        {replay?.playable.has(turn.id) && (
          <button
            type="button"
            aria-label={t('playFrom', { time: at })}
            onClick={() => replay.playFrom(turn.id)}
            className="inline-flex size-8 items-center justify-center rounded-full text-accent hover:bg-raised"
          >
            <Play aria-hidden size={14} />
          </button>
        )}
        {current && replay?.playing && (
          <span className="font-medium text-accent">{t('playing')}</span>
        )}
      </div>
      <Words turn={turn} own={own} />
      {!own && <LatencyChip timing={timing} />}
    </li>
  );
}

export const turnAnchor = (id: string) => `turn-${id}`;

function Words({ turn, own }: { turn: Turn; own: boolean }) {
  const { t } = useTranslation('conversations');
  const { heard, unheard } = partsOf(turn);
  if (heard.trim() === '' && unheard.trim() === '') return null;
  return (
    <div
      className={`max-w-[92%] whitespace-pre-wrap rounded-2xl px-3.5 py-2 leading-relaxed sm:max-w-[85%] ${
        own ? 'rounded-tr-md bg-accent-soft' : 'rounded-tl-md bg-raised'
      }`}
    >
      {unheard.trim() === '' ? (
        heard
      ) : (
        <>
          {heard.trim() === '' ? (
            <span className="sr-only">{t('unheardAll')} </span>
          ) : (
            <>
              <span className="sr-only">{t('heard')} </span>
              {heard}{' '}
            </>
          )}
          <span className="sr-only">{t('unheard')} </span>
          <del className="text-soft decoration-1">{unheard.trim()}</del>
        </>
      )}
    </div>
  );
}
