/** What was used, by key and service, with the requests of each day as a small picture. */

import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, ask } from '../../client/api';
import { BarChart } from '../../ui/BarChart';
import { Card } from '../../ui/Card';
import { ErrorCard } from '../../ui/ErrorCard';
import { SelectField } from '../../ui/Field';
import { formatDate, formatNumber } from '../../ui/format';
import { Skeleton } from '../../ui/Spinner';
import { USAGE_QUERY, type UsageRow, usageRows } from './keys';

const PERIODS_DAYS = [7, 30, 90] as const;

export function UsageCard() {
  const { t } = useTranslation('settings');
  const [days, setDays] = useState<number>(30);
  const usage = useQuery({
    queryKey: [...USAGE_QUERY, days],
    queryFn: ({ signal }) => ask(api.GET('/api/usage', { params: { query: { days } }, signal })),
  });
  const rows = useMemo(
    () => usage.data && usageRows(usage.data.usage, days, new Date().toISOString().slice(0, 10)),
    [usage.data, days],
  );
  return (
    <Card title={t('usage.title')} intro={t('usage.intro')}>
      <SelectField
        label={t('usage.period')}
        value={days}
        onChange={({ target }) => setDays(Number(target.value))}
        options={PERIODS_DAYS.map((count) => ({
          value: String(count),
          label: t('usage.last', { count }),
        }))}
      />
      {usage.isPending && <Skeleton rows={2} />}
      {usage.error && (
        <ErrorCard
          error={usage.error}
          onRetry={() => usage.refetch()}
          retrying={usage.isFetching}
        />
      )}
      {rows?.length === 0 && <p className="text-soft">{t('usage.none')}</p>}
      <ul className="flex flex-col divide-y divide-line empty:hidden">
        {rows?.map((row) => (
          <UsageItem key={row.id} row={row} />
        ))}
      </ul>
    </Card>
  );
}

function UsageItem({ row }: { row: UsageRow }) {
  const { t } = useTranslation(['settings', 'common']);
  const name = row.keyName ?? t('usage.webApp');
  const service = t(`common:services.${row.service}`);
  const amounts = [
    t('usage.requests', { count: row.requests, amount: formatNumber(row.requests) }),
    ...(row.audio_s > 0
      ? [t('usage.audio', { amount: formatNumber(Math.round(row.audio_s / 6) / 10) })]
      : []),
    ...(row.tokens > 0
      ? [t('usage.tokens', { count: row.tokens, amount: formatNumber(row.tokens) })]
      : []),
    ...(row.characters > 0
      ? [t('usage.characters', { count: row.characters, amount: formatNumber(row.characters) })]
      : []),
  ];
  return (
    <li className="grid gap-3 py-3 sm:grid-cols-2">
      <div>
        <p className="font-medium">{name}</p>
        <p className="text-soft text-sm">{service}</p>
        <p className="text-sm">{amounts.join(' · ')}</p>
      </div>
      <BarChart
        label={t('usage.perDay', { name, service })}
        bars={row.days.map(({ day, requests }) => ({
          label: formatDate(`${day}T00:00:00`),
          value: requests,
        }))}
        format={formatNumber}
      />
    </li>
  );
}
