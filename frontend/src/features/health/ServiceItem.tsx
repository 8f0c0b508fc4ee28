/** One service: its state in a word, how fast it answers, since when, and the way out. */

import { useTranslation } from 'react-i18next';
import { Badge, type Tone } from '../../ui/Badge';
import { formatLatency, formatRelative } from '../../ui/format';
import { Fault } from './Fault';
import type { Service } from './health';

const TONES: Record<Service['state'], Tone> = { ready: 'good', unready: 'bad', unknown: 'neutral' };

export function ServiceItem({ service }: { service: Service }) {
  const { t } = useTranslation(['health', 'common']);
  const known: Record<string, string> = {
    ...t('common:services', { returnObjects: true }),
    ...t('names', { returnObjects: true }),
  };
  const { name, state, code } = service;
  return (
    <li className="flex flex-col gap-1 py-3">
      <div className="flex flex-wrap items-center justify-between gap-x-3 gap-y-1">
        <h3 className="font-medium">{known[name] ?? name}</h3>
        <Badge tone={TONES[state]}>{t(`states.${state}`)}</Badge>
      </div>
      <p className="text-soft text-sm">
        {state !== 'unknown' && t('since', { when: formatRelative(service.since) })}
        {service.latency_ms !== null &&
          ` · ${t('latency', { time: formatLatency(service.latency_ms / 1000) })}`}
      </p>
      {code && <Fault code={code} fix={service.fix} lastError={service.last_error} />}
    </li>
  );
}
