/** One quiet line: a better engine is on its way, and later that it has taken over. */

import { useQuery } from '@tanstack/react-query';
import { X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formatBytes } from '../../ui/format';
import { type Download, isUnderway, type Status, statusQuery } from '../health/health';

const LOOK_EVERY_MS = 5_000;
const KNOWN = ['stt', 'llm', 'tts'] as const;
type Known = (typeof KNOWN)[number];

/** Hidden once, it stays so until the page is loaded again. */
let hidden = false;

/** `silent`: a call is going on, which is no time for this. */
export default function ComingLine({ silent }: { silent: boolean }) {
  const { t } = useTranslation('talk');
  const [dismissed, setDismissed] = useState(hidden);
  const { data } = useQuery({
    ...statusQuery,
    enabled: !dismissed,
    // Asked again only while there is something to wait for.
    refetchInterval: ({ state }) => (comingTo(state.data).length > 0 ? LOOK_EVERY_MS : false),
  });
  const arrived = useArrived(data);
  if (dismissed || silent) return null;
  const [first, ...next] = comingTo(data);
  const what = (service: Known) => t(`coming.what.${service}`);
  const news = arrived.map((service) => t('coming.arrived', { what: what(service) })).join(' ');
  return (
    <aside
      aria-label={t('coming.label')}
      className={`mx-auto flex max-w-2xl items-center gap-2 px-4 text-center text-soft text-sm ${first || news ? '' : 'sr-only'}`}
    >
      <div>
        {/* Only this is read out: nobody wants to hear every megabyte. */}
        <p role="status">{news}</p>
        {first && (
          <p>
            {progressWords(first.download, what(first.service))}
            {next.length > 0 &&
              ` ${t('coming.next', { what: next.map(({ service }) => what(service)).join(', ') })}`}
          </p>
        )}
      </div>
      {(first || news) && (
        <button
          type="button"
          aria-label={t('coming.hide')}
          onClick={() => {
            hidden = true;
            setDismissed(true);
            document.getElementById('main')?.focus();
          }}
          className="inline-flex size-11 shrink-0 items-center justify-center rounded-full hover:bg-raised hover:text-ink"
        >
          <X aria-hidden size={18} />
        </button>
      )}
    </aside>
  );

  function progressWords({ phase, bytes_done, bytes_total }: Download, name: string): string {
    if (phase === 'loading' || phase === 'warming') return t('coming.loading', { what: name });
    if (!bytes_total) return t('coming.begun', { what: name });
    const done = formatBytes(bytes_done);
    return t('coming.line', { what: name, done, total: formatBytes(bytes_total) });
  }
}

/** What those who talk will notice; what failed is told on the Health screen. */
function comingTo(status: Status | undefined): { service: Known; download: Download }[] {
  return (status?.downloads ?? []).flatMap((download) => {
    const service = KNOWN.find((known) => known === download.service);
    return service && isUnderway(download) ? [{ service, download }] : [];
  });
}

/** Services whose better engine came while this page was open. */
function useArrived(status: Status | undefined): readonly Known[] {
  const awaited = useRef(new Set<Known>());
  const [arrived, setArrived] = useState<readonly Known[]>([]);
  useEffect(() => {
    if (!status) return;
    const came = [...awaited.current].filter((name) =>
      status.services.some((one) => one.name === name && one.state === 'ready' && !one.coming),
    );
    for (const { service } of comingTo(status)) awaited.current.add(service);
    if (came.length === 0) return;
    for (const service of came) awaited.current.delete(service);
    setArrived((before) => [...new Set([...before, ...came])]);
  }, [status]);
  return arrived;
}
