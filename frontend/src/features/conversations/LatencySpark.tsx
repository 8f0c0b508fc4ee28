/** How long the replies of one conversation were waited for, as a line of small bars with its words. */

import { useTranslation } from 'react-i18next';
import { formatLatency } from '../../ui/format';
import { quantile } from '../../voice/latency';

const STEP = 5;
const BAR = 3;
const HEIGHT = 24;
const SMALLEST = 2;
/** All rows are drawn to one scale, so that they can be compared; what is slower touches the top. */
const FULL_S = 2;

export function LatencySpark({ latencies }: { latencies: readonly number[] }) {
  if (latencies.length === 0) return null;
  const width = latencies.length * STEP;
  return (
    <div className="flex flex-wrap items-end gap-x-3 gap-y-1 text-soft text-xs">
      <svg
        aria-hidden
        width={width}
        height={HEIGHT}
        viewBox={`0 0 ${width} ${HEIGHT}`}
        className="max-w-full shrink forced-colors:[&_rect]:fill-[CanvasText]"
      >
        {latencies.map((latency_s, place) => {
          const height = Math.min(HEIGHT, Math.max(SMALLEST, (latency_s / FULL_S) * HEIGHT));
          return (
            <rect
              // biome-ignore lint/suspicious/noArrayIndexKey: replies have no identity but their place.
              key={place}
              x={place * STEP}
              y={HEIGHT - height}
              width={BAR}
              height={height}
              rx={1}
              className="fill-accent"
            />
          );
        })}
      </svg>
      <LatencyWords latencies={latencies} />
    </div>
  );
}

/** At least one of them. */
export function LatencyWords({ latencies }: { latencies: readonly number[] }) {
  const { t } = useTranslation('conversations');
  const sorted = [...latencies].sort((a, b) => a - b);
  return (
    <p className="tabular-nums">
      {t('latencyWords', {
        count: latencies.length,
        median: formatLatency(quantile(sorted, 0.5)),
        longest: formatLatency(sorted.at(-1) ?? 0),
      })}
    </p>
  );
}
