/** Better models on their way: how far the one is, what is next, and what went wrong. */

import { useTranslation } from 'react-i18next';
import { Badge, type Tone } from '../../ui/Badge';
import { Card } from '../../ui/Card';
import { formatBytes, formatRelative } from '../../ui/format';
import { Fault } from './Fault';
import type { Download } from './health';

const TONES: Record<Download['phase'], Tone> = {
  waiting: 'neutral',
  downloading: 'good',
  loading: 'good',
  warming: 'good',
  failed: 'bad',
  offline: 'neutral',
};

export function Downloads({ downloads }: { downloads: readonly Download[] }) {
  const { t } = useTranslation('health');
  if (downloads.length === 0) return null;
  return (
    <Card title={t('coming.title')} intro={t('coming.intro')}>
      <ul className="flex flex-col divide-y divide-line">
        {downloads.map((download) => (
          <DownloadItem key={download.service} download={download} />
        ))}
      </ul>
    </Card>
  );
}

function DownloadItem({ download }: { download: Download }) {
  const { t } = useTranslation(['health', 'common']);
  const known: Record<string, string> = t('common:services', { returnObjects: true });
  const { service, model, phase, code, fix, reason, again_at } = download;
  const name = known[service] ?? service;
  return (
    <li className="flex flex-col gap-1.5 py-3">
      <div className="flex flex-wrap items-center justify-between gap-x-3 gap-y-1">
        <h3 className="font-medium">
          {name} <span className="font-normal text-soft text-sm">{model}</span>
        </h3>
        <Badge tone={TONES[phase]}>{t(`coming.phases.${phase}`)}</Badge>
      </div>
      <Progress download={download} label={t('coming.progressOf', { name })} />
      {code && <Fault code={code} fix={fix} lastError={reason ?? null} />}
      {again_at && (
        <p className="text-soft text-sm">{t('coming.again', { when: formatRelative(again_at) })}</p>
      )}
    </li>
  );
}

function Progress({ download, label }: { download: Download; label: string }) {
  const { t } = useTranslation('health');
  const { bytes_done, bytes_total, bytes_per_s, phase } = download;
  if (!bytes_total || phase === 'loading' || phase === 'warming') return null;
  const done = formatBytes(bytes_done);
  const total = formatBytes(bytes_total);
  const left_s = bytes_per_s ? (bytes_total - bytes_done) / bytes_per_s : null;
  const facts = [
    bytes_done > 0 ? t('coming.of', { done, total }) : total,
    bytes_per_s && t('coming.speed', { speed: formatBytes(bytes_per_s) }),
    left_s !== null && t('coming.done', { when: formatRelative(Date.now() + left_s * 1000) }),
  ].filter(Boolean);
  return (
    <>
      {bytes_done > 0 && (
        <progress
          aria-label={label}
          max={bytes_total}
          value={bytes_done}
          className="h-2 w-full appearance-none overflow-hidden rounded-full bg-raised forced-colors:appearance-auto [&::-moz-progress-bar]:bg-accent [&::-webkit-progress-bar]:bg-raised [&::-webkit-progress-value]:bg-accent"
        />
      )}
      <p className="text-soft text-sm tabular-nums">{facts.join(' · ')}</p>
    </>
  );
}
