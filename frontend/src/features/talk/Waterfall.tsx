/** Where the time of one reply went: a picture, the same as a table, and what was unusual. */

import { useTranslation } from 'react-i18next';
import type { TurnTiming } from '../../voice/events';
import { type Waterfall as Picture, type WaterfallBar, waterfallOf } from '../../voice/latency';
import { secondsWords } from './words';

const WIDTH = 240;
const ROW = 18;
const BAR = 10;
const SMALLEST = 2;

export function Waterfall({ timing }: { timing: TurnTiming }) {
  const { t, i18n } = useTranslation('talk');
  const picture = waterfallOf(timing.times);
  const standby = timing.fallbacks.map((stage) => t(`notices.standbyFor.${stage}`));
  return (
    <div className="flex flex-col gap-2 text-xs">
      {picture && <Bars picture={picture} />}
      <ul className="flex flex-col gap-0.5 text-soft empty:hidden">
        {timing.preemptive && <li>{t('latency.preemptive')}</li>}
        {timing.discarded > 0 && <li>{t('latency.discarded', { count: timing.discarded })}</li>}
        {standby.length > 0 && (
          <li>
            {t('latency.standby', {
              stages: new Intl.ListFormat(i18n.language).format(standby),
            })}
          </li>
        )}
      </ul>
    </div>
  );
}

function Bars({ picture }: { picture: Picture }) {
  const { t } = useTranslation('talk');
  const { bars, from_s, to_s, decided_at_s } = picture;
  const height = bars.length * ROW;
  const x = (at_s: number) => ((at_s - from_s) / (to_s - from_s)) * WIDTH;
  return (
    <figure className="flex flex-col gap-1">
      <div className="grid grid-cols-[minmax(0,auto)_minmax(4rem,1fr)_auto] gap-x-2">
        <Column aria-hidden>
          {bars.map(({ stage }) => (
            <span key={stage} className="h-[18px] truncate leading-[18px]">
              {t(`latency.stages.${stage}`)}
            </span>
          ))}
        </Column>
        <svg
          aria-hidden
          viewBox={`0 0 ${WIDTH} ${height}`}
          preserveAspectRatio="none"
          style={{ height }}
          className="waterfall w-full"
          data-testid="waterfall"
        >
          {bars.map((bar, place) => (
            <rect
              key={bar.stage}
              x={Math.min(x(bar.from_s), WIDTH - SMALLEST)}
              y={place * ROW + (ROW - BAR) / 2}
              width={Math.max(SMALLEST, x(bar.to_s) - x(bar.from_s))}
              height={BAR}
              rx={2}
              className={lookOf(bar)}
            />
          ))}
          {[0, decided_at_s].map(
            (at_s, place) =>
              at_s !== null && (
                <line
                  key={place === 0 ? 'speech' : 'decided'}
                  x1={x(at_s)}
                  x2={x(at_s)}
                  y1={0}
                  y2={height}
                  className={place === 0 ? 'stroke-line-strong' : 'stroke-ink'}
                  strokeDasharray={place === 0 ? undefined : '3 3'}
                  vectorEffect="non-scaling-stroke"
                />
              ),
          )}
        </svg>
        <Column aria-hidden>
          {bars.map(({ stage, to_s }) => (
            <span key={stage} className="h-[18px] text-right tabular-nums leading-[18px]">
              {t('latency.seconds', { seconds: secondsWords(to_s, 2) })}
            </span>
          ))}
        </Column>
      </div>
      <figcaption className="text-soft">{t('latency.caption')}</figcaption>
      <Table bars={bars} />
    </figure>
  );
}

function Column(props: React.ComponentProps<'div'>) {
  return <div className="flex min-w-0 flex-col" {...props} />;
}

/** The picture's twin for those who do not see it. */
function Table({ bars }: { bars: readonly WaterfallBar[] }) {
  const { t } = useTranslation('talk');
  return (
    <div className="sr-only">
      <table>
        <caption>{t('latency.caption')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('latency.stage')}</th>
            <th scope="col">{t('latency.from')}</th>
            <th scope="col">{t('latency.to')}</th>
          </tr>
        </thead>
        <tbody>
          {bars.map(({ stage, from_s, to_s, ahead }) => (
            <tr key={stage}>
              <th scope="row">
                {t(`latency.stages.${stage}`)}
                {ahead && ` (${t('latency.ahead')})`}
              </th>
              <td>{t('latency.seconds', { seconds: secondsWords(from_s, 2) })}</td>
              <td>{t('latency.seconds', { seconds: secondsWords(to_s, 2) })}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function lookOf({ stage, ahead }: WaterfallBar): string {
  if (stage === 'stt_final' || stage === 'end_of_turn') return 'fill-soft';
  return ahead ? 'fill-accent waterfall-ahead' : 'fill-accent';
}
