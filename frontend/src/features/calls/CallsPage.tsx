/** The Calls screen: who is on the telephone now, who was, and the lines they come by. */

import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useStandingError } from '../../client/useStandingError';
import { ErrorCard } from '../../ui/ErrorCard';
import { useNews } from '../../ui/News';
import { Page } from '../../ui/Page';
import { Skeleton } from '../../ui/Spinner';
import { DialCard } from './DialCard';
import { History } from './History';
import { LinesCard } from './LinesCard';
import { LiveCalls } from './LiveCalls';
import { PhoneCard } from './PhoneCard';
import { linesQuery, statusQuery } from './phone';

export default function CallsPage() {
  const { t } = useTranslation('calls');
  const { line: news, say, sayAndFocus } = useNews();
  const status = useQuery(statusQuery);
  const lines = useQuery(linesQuery);
  const ways = (lines.data ?? []).filter((line) => line.outbound_address !== null);
  const fault = useStandingError(status);
  const failed = status.data ? null : fault;
  return (
    <Page title={t('title')} intro={t('intro')}>
      {news}
      {status.isPending && !failed && <Skeleton rows={2} />}
      {failed && (
        <ErrorCard
          error={failed}
          title={t('phone.loadFailed')}
          onRetry={() => status.refetch()}
          retrying={status.isFetching}
        />
      )}
      {status.data && <PhoneCard status={status.data} hasLines={(lines.data ?? []).length > 0} />}
      {status.data && <LiveCalls lines={lines.data ?? []} onHungUp={sayAndFocus} />}
      {status.data?.may_dial && ways.length > 0 && <DialCard ways={ways} onCalling={say} />}
      {status.data && <LinesCard status={status.data} onNews={sayAndFocus} />}
      {status.data && <History lines={lines.data ?? []} />}
    </Page>
  );
}
