/** A handful of numbers as bars, drawn by hand, and as a table for those who listen. */

import type { Tone } from './Badge';

export type Bar = { label: string; value: number; tone?: Tone };
type Props = {
  /** What the bars measure. */
  label: string;
  bars: readonly Bar[];
  format: (value: number) => string;
};

const HEIGHT = 48;
const STEP = 12;
const WIDTH = 8;
const SMALLEST = 2;
const FILLS: Record<Tone, string> = {
  neutral: 'fill-accent',
  good: 'fill-accent',
  warn: 'fill-warn',
  bad: 'fill-danger',
};

export function BarChart({ label, bars, format }: Props) {
  const top = Math.max(...bars.map((bar) => bar.value), Number.EPSILON);
  return (
    <figure>
      <svg
        aria-hidden
        viewBox={`0 0 ${Math.max(1, bars.length) * STEP} ${HEIGHT}`}
        preserveAspectRatio="xMinYMax meet"
        className="h-14 w-full forced-colors:[&_rect]:fill-[CanvasText]"
      >
        {bars.map((bar, place) => {
          const height = Math.max(SMALLEST, (bar.value / top) * HEIGHT);
          return (
            <rect
              // biome-ignore lint/suspicious/noArrayIndexKey: bars have no identity but their place.
              key={place}
              x={place * STEP}
              y={HEIGHT - height}
              width={WIDTH}
              height={height}
              rx={2}
              className={FILLS[bar.tone ?? 'neutral']}
            >
              <title>{`${bar.label}: ${format(bar.value)}`}</title>
            </rect>
          );
        })}
      </svg>
      <div className="sr-only">
        <table>
          <caption>{label}</caption>
          <tbody>
            {bars.map((bar, place) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: as above.
              <tr key={place}>
                <th scope="row">{bar.label}</th>
                <td>{format(bar.value)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </figure>
  );
}
