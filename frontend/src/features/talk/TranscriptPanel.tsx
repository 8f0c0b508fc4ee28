/** Everything said so far. It follows the newest words unless the person scrolled back. */

import { ArrowDown } from 'lucide-react';
import { type ReactNode, useLayoutEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { usePreferences } from '../../app/preferences';
import { Button } from '../../ui/Button';
import { latencySummary } from '../../voice/latency';
import { currentCall, type Transcript } from '../../voice/transcript';
import { TranscriptEntry } from './TranscriptEntry';
import { secondsWords } from './words';

/** Scrolled this close to the end still counts as reading along. */
const AT_END_PX = 48;

type Props = {
  entries: Transcript;
  /** How fast the replies of this call are, beside the title. */
  timed?: boolean;
  children?: ReactNode;
};

export function TranscriptPanel({ entries, timed = false, children }: Props) {
  const { t } = useTranslation('talk');
  const log = useRef<HTMLDivElement>(null);
  const { autoscroll } = usePreferences();
  const [following, setFollowing] = useState(autoscroll);

  const [behind, setBehind] = useState(false);

  // After every drawing: new words move the end, and so does a notice that makes the box smaller.
  useLayoutEffect(() => {
    if (following) toEnd(log.current);
    else setBehind(log.current !== null && !atEnd(log.current));
  });

  const onScroll = () => {
    const box = log.current;
    if (box) setFollowing(autoscroll && atEnd(box));
    if (box) setBehind(!atEnd(box));
  };

  return (
    <section
      aria-labelledby="transcript-title"
      className="relative flex min-h-0 flex-1 flex-col rounded-3xl border border-line bg-surface"
    >
      <div className="flex flex-wrap items-baseline justify-between gap-x-3 px-5 pt-4 pb-2 text-sm">
        <h2 id="transcript-title" className="font-semibold">
          {t('transcript.title')}
        </h2>
        {timed && <LatencyLine entries={entries} />}
      </div>
      {/* Not a live region: text that grows word by word would be read out word by word. */}
      <div
        ref={log}
        role="log"
        aria-live="off"
        aria-labelledby="transcript-title"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling box must be reachable by keyboard.
        tabIndex={0}
        onScroll={onScroll}
        className="flex min-h-0 flex-1 flex-col gap-4 overflow-y-auto rounded-xl px-4 pb-4 sm:px-5"
      >
        {entries.length === 0 && (
          <p className="m-auto text-center text-soft text-sm">{t('transcript.empty')}</p>
        )}
        {entries.map((entry) => (
          <TranscriptEntry key={`${entry.kind}:${entry.id}`} entry={entry} />
        ))}
      </div>
      {behind && (
        <div className="pointer-events-none relative">
          <Button
            className="-top-14 pointer-events-auto absolute left-1/2 -translate-x-1/2 whitespace-nowrap text-sm shadow-md"
            onClick={() => {
              setFollowing(autoscroll);
              setBehind(false);
              toEnd(log.current);
            }}
          >
            <ArrowDown aria-hidden size={16} />
            {t('transcript.jump')}
          </Button>
        </div>
      )}
      {children}
    </section>
  );
}

/** Of this call alone: one that was gone on with was timed on another day. */
export function LatencyLine({ entries }: { entries: Transcript }) {
  const { t } = useTranslation('talk');
  const summary = latencySummary(currentCall(entries));
  if (!summary) return null;
  return (
    <p
      data-testid="call-latency"
      title={t('latency.hint')}
      className="text-soft text-xs tabular-nums"
    >
      {t('latency.summary', {
        count: summary.count,
        median: secondsWords(summary.median_s),
        p95: secondsWords(summary.p95_s),
      })}
    </p>
  );
}

function atEnd(box: HTMLElement): boolean {
  return box.scrollHeight - box.scrollTop - box.clientHeight < AT_END_PX;
}

function toEnd(box: HTMLElement | null): void {
  if (box) box.scrollTop = box.scrollHeight;
}
