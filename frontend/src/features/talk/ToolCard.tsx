/** One use of a tool: its name, how it went, and on request what was asked and answered. */

import { Check, CircleSlash, LoaderCircle, TriangleAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { Citation } from '../../voice/events';
import type { ToolEntry, ToolState } from '../../voice/transcript';
import { durationWords, siteWords, toolWords } from './words';

const ICONS = {
  running: LoaderCircle,
  finished: Check,
  failed: TriangleAlert,
  cancelled: CircleSlash,
} satisfies Record<ToolState, unknown>;

export function ToolCard({ tool }: { tool: ToolEntry }) {
  const { t } = useTranslation('talk');
  const Icon = ICONS[tool.state];
  const tone = tool.state === 'failed' ? 'text-danger' : 'text-accent';
  return (
    <div className="rounded-2xl border border-line bg-canvas text-sm">
      <details data-testid="tool-card" data-state={tool.state}>
        <summary className="flex min-h-11 items-center gap-2.5 rounded-2xl px-3.5 py-2">
          <Icon
            aria-hidden
            size={16}
            className={`shrink-0 ${tone} ${tool.state === 'running' ? 'motion-safe:animate-spin' : ''}`}
          />
          <span className="font-medium">{toolWords(tool.name)}</span>
          <span className="ml-auto text-soft tabular-nums">
            {t(`tools.states.${tool.state}`)}
            {tool.duration_ms !== null && ` · ${durationWords(tool.duration_ms)}`}
          </span>
        </summary>
        <dl className="flex flex-col gap-2 px-3.5 pb-3">
          <Value label={t('tools.arguments')} value={tool.arguments} />
          <Value label={t('tools.result')} value={tool.result} />
        </dl>
      </details>
      {tool.citations.length > 0 && <Citations citations={tool.citations} />}
    </div>
  );
}

/** Titles are strangers' words: shown as text, beside the name of the site they come from. */
function Citations({ citations }: { citations: readonly Citation[] }) {
  const { t } = useTranslation('talk');
  return (
    <ul aria-label={t('tools.sources')} className="flex flex-col px-3.5 pb-2">
      {citations.map(({ title, url }) => (
        <li key={url} className="border-line border-t">
          <a
            href={url}
            target="_blank"
            rel="noopener noreferrer"
            className="flex min-h-11 flex-wrap items-center gap-x-2 py-1"
          >
            <span className="text-accent underline underline-offset-2">{title}</span>{' '}
            <span className="text-soft text-xs">{siteWords(url)}</span>
          </a>
        </li>
      ))}
    </ul>
  );
}

function Value({ label, value }: { label: string; value: unknown }) {
  if (value === null || value === undefined) return null;
  const shown = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
  return (
    <div>
      <dt className="text-soft text-xs">{label}</dt>
      <dd className="whitespace-pre-wrap font-mono text-xs">{shown}</dd>
    </div>
  );
}
