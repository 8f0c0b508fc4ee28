/** Everything said so far. It follows the newest words unless the person scrolled back. */

import { ArrowDown } from 'lucide-react';
import { type ReactNode, useLayoutEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/Button';
import type { Transcript } from '../../voice/transcript';
import { TranscriptEntry } from './TranscriptEntry';

/** Scrolled this close to the end still counts as reading along. */
const AT_END_PX = 48;

type Props = { entries: Transcript; children?: ReactNode };

export function TranscriptPanel({ entries, children }: Props) {
  const { t } = useTranslation('talk');
  const log = useRef<HTMLDivElement>(null);
  const [following, setFollowing] = useState(true);

  // After every drawing: new words move the end, and so does a notice that makes the box smaller.
  useLayoutEffect(() => {
    if (following) toEnd(log.current);
  });

  const onScroll = () => {
    const box = log.current;
    if (box) setFollowing(box.scrollHeight - box.scrollTop - box.clientHeight < AT_END_PX);
  };

  return (
    <section
      aria-labelledby="transcript-title"
      className="relative flex min-h-0 flex-1 flex-col rounded-3xl border border-line bg-surface"
    >
      <h2 id="transcript-title" className="px-5 pt-4 pb-2 font-semibold text-sm">
        {t('transcript.title')}
      </h2>
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
      {!following && (
        <div className="pointer-events-none relative">
          <Button
            className="-top-14 pointer-events-auto absolute left-1/2 -translate-x-1/2 whitespace-nowrap text-sm shadow-md"
            onClick={() => setFollowing(true)}
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

function toEnd(box: HTMLElement | null): void {
  if (box) box.scrollTop = box.scrollHeight;
}
