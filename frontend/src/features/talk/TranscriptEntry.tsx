/** One line of the transcript: words of either side, a tool, or the start of a new call. */

import { useTranslation } from 'react-i18next';
import { unreachable } from '../../voice/problem';
import { type Entry, RECALLED_ID, type SpeechEntry } from '../../voice/transcript';
import { LatencyChip } from './LatencyChip';
import { ToolCard } from './ToolCard';

export function TranscriptEntry({ entry }: { entry: Entry }) {
  const { t } = useTranslation('talk');
  switch (entry.kind) {
    case 'speech':
      return <Speech entry={entry} />;
    case 'tool':
      return <ToolCard tool={entry} />;
    case 'divider':
      return (
        <p className="flex items-center gap-3 py-1 text-soft text-xs before:h-px before:flex-1 before:bg-line after:h-px after:flex-1 after:bg-line">
          {t(entry.id === RECALLED_ID ? 'transcript.earlier' : 'transcript.newCall')}
        </p>
      );
    default:
      return unreachable(entry);
  }
}

function Speech({ entry }: { entry: SpeechEntry }) {
  const { t, i18n } = useTranslation('talk');
  const own = entry.role === 'user';
  const interim = entry.status === 'interim';
  return (
    <div
      data-role={entry.role}
      data-final={!interim}
      data-interrupted={entry.status === 'interrupted'}
      className={`flex flex-col gap-1 ${own ? 'items-end' : 'items-start'}`}
    >
      <p className="px-1 text-soft text-xs">
        {own ? t('transcript.you') : t('transcript.agent')}
        {entry.source === 'typed' && ` · ${t('transcript.typed')}`}
        {entry.status === 'interrupted' && ` · ${t('transcript.interrupted')}`}
      </p>
      <p
        lang={i18n.language}
        className={`max-w-[88%] whitespace-pre-wrap rounded-2xl px-3.5 py-2 leading-relaxed ${
          own ? 'rounded-tr-md bg-accent-soft' : 'rounded-tl-md bg-raised'
        } ${(own && interim) || entry.status === 'interrupted' ? 'text-soft' : ''}`}
      >
        {entry.text}
      </p>
      {entry.timing && <LatencyChip timing={entry.timing} />}
    </div>
  );
}
