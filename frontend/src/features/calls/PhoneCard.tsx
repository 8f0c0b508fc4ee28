/** Whether the telephone works, how many calls are on, and how to switch it on. */

import { PhoneOff, TriangleAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Badge } from '../../ui/Badge';
import { Card } from '../../ui/Card';
import { EmptyState } from '../../ui/EmptyState';
import type { PhoneStatus } from './phone';

export function PhoneCard({ status, hasLines }: { status: PhoneStatus; hasLines: boolean }) {
  const { t } = useTranslation('calls');
  if (!status.sip_reachable && !hasLines) {
    return (
      <EmptyState
        icon={PhoneOff}
        title={t('off.title')}
        body={t('off.body')}
        action={
          <div className="flex w-full max-w-prose flex-col gap-3 text-left">
            <HowToStart />
            <p className="text-soft text-sm">{t('off.before')}</p>
          </div>
        }
      />
    );
  }
  const { calls_on: on, max_calls: most } = status;
  const facts = [
    [t('phone.sip'), <Works key="sip" works={status.sip_reachable} />],
    [t('phone.redis'), <Works key="redis" works={status.redis} />],
    [
      t('phone.calls'),
      most === null ? t('phone.callsOn', { on }) : t('phone.callsOf', { on, most }),
    ],
  ] as const;
  return (
    <Card title={t('phone.title')}>
      <dl className="grid gap-x-6 gap-y-2 sm:grid-cols-3">
        {facts.map(([name, value]) => (
          <div key={name} className="flex items-center justify-between gap-3 sm:block">
            <dt className="text-soft text-sm">{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {!status.sip_reachable && (
        <div className="flex gap-3 rounded-2xl bg-warn-soft p-4 text-sm">
          <TriangleAlert aria-hidden size={20} className="mt-0.5 shrink-0 text-warn" />
          <div className="flex min-w-0 flex-col gap-2">
            <h3 className="font-semibold">{t('off.downTitle')}</h3>
            <p>{t('off.downBody')}</p>
            <HowToStart />
          </div>
        </div>
      )}
    </Card>
  );
}

function Works({ works }: { works: boolean }) {
  const { t } = useTranslation('calls');
  return <Badge tone={works ? 'good' : 'bad'}>{works ? t('phone.works') : t('phone.fails')}</Badge>;
}

const CODE = 'mt-1 block rounded-xl bg-raised px-3 py-2 font-mono text-ink text-sm';

function HowToStart() {
  const { t } = useTranslation('calls');
  return (
    <>
      <div>
        {t('off.compose')}
        <code className={CODE}>docker compose --profile sip up -d</code>
      </div>
      <div>
        {t('off.bare')}
        <code className={CODE}>PARLEY_PHONE=on</code>
      </div>
    </>
  );
}
