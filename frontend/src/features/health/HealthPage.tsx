/** What works, what does not and what to do about it; and a test of one's own connection. */

import { useMutation, useQuery } from '@tanstack/react-query';
import { RotateCw } from 'lucide-react';
import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useMe } from '../../client/session';
import { useStandingError } from '../../client/useStandingError';
import { Button, buttonClasses } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { ErrorCard } from '../../ui/ErrorCard';
import { Page } from '../../ui/Page';
import { Loading, Skeleton } from '../../ui/Spinner';
import { Downloads } from './Downloads';
import { statusQuery, worstFirst } from './health';
import { ServiceItem } from './ServiceItem';

// The voice library comes along only where somebody may use it.
const ConnectionTest = lazy(() => import('./ConnectionTest'));

export default function HealthPage() {
  const { t } = useTranslation(['health', 'common']);
  const { data: session } = useMe();
  const status = useQuery(statusQuery);
  // Busy only when asked by hand: the page also looks by itself.
  const look = useMutation({ mutationFn: () => status.refetch() });
  const inside = Boolean(session?.user);
  const { data } = status;
  const error = useStandingError(status);
  return (
    <Page
      title={t('title')}
      intro={t('intro')}
      actions={
        <>
          <Button busy={look.isPending} onClick={() => look.mutate()}>
            <RotateCw aria-hidden size={18} />
            {t('again')}
          </Button>
          <Link to="/" className={buttonClasses('secondary')}>
            {inside ? t('common:notFound.home') : t('toSignIn')}
          </Link>
        </>
      }
    >
      <p role="status" className="font-medium text-lg">
        {data && t(`overall.${data.status}`)}
      </p>
      {status.isPending && !error && <Skeleton rows={4} />}
      {error && (
        <ErrorCard
          error={error}
          onRetry={() => void status.refetch()}
          retrying={status.isFetching}
        />
      )}
      {data && (
        <Card
          title={t('services')}
          intro={inside ? undefined : t('fewer')}
          actions={<p className="text-soft text-sm">{t('version', { version: data.version })}</p>}
        >
          <ul className="flex flex-col divide-y divide-line">
            {worstFirst(data.services).map((service) => (
              <ServiceItem key={service.name} service={service} />
            ))}
          </ul>
        </Card>
      )}
      <Downloads downloads={data?.downloads ?? []} />
      {inside ? (
        <Suspense fallback={<Loading />}>
          <ConnectionTest status={data ?? null} />
        </Suspense>
      ) : (
        <Card title={t('test.title')} intro={t('test.signIn')} />
      )}
    </Page>
  );
}
