/** What was done on this server, by whom and from where, the newest first. */

import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { api, ask } from '../../client/api';
import { Card } from '../../ui/Card';
import { ErrorCard } from '../../ui/ErrorCard';
import { formatDateTime } from '../../ui/format';
import { Pager } from '../../ui/Pager';
import { Skeleton } from '../../ui/Spinner';

export const USERS_QUERY = ['users'];
const PAGE = 20;

export function AuditCard() {
  const { t } = useTranslation('settings');
  const users = useQuery({
    queryKey: USERS_QUERY,
    queryFn: ({ signal }) => ask(api.GET('/api/users', { signal })),
  });
  const logins = useMemo(
    () => new Map(users.data?.users.map((user) => [user.id, user.login])),
    [users.data],
  );
  const list = useInfiniteQuery({
    queryKey: ['audit'],
    queryFn: ({ pageParam, signal }) =>
      ask(
        api.GET('/api/audit', {
          params: { query: { limit: PAGE, ...(pageParam && { cursor: pageParam }) } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? null,
  });
  const entries = list.data?.pages.flatMap((page) => page.entries) ?? [];
  // A newer server may do what this page has no words for.
  const words: Record<string, string> = t('audit.actions', { returnObjects: true });
  return (
    <Card title={t('audit.title')} intro={t('audit.intro')}>
      {list.isPending && <Skeleton />}
      {list.error && (
        <ErrorCard error={list.error} onRetry={() => list.refetch()} retrying={list.isFetching} />
      )}
      <ol className="flex flex-col divide-y divide-line">
        {entries.map((entry, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: entries have no id, and never move.
          <li key={place} className="flex flex-wrap justify-between gap-x-4 py-2 text-sm">
            <span>
              <span className="font-medium">{words[entry.action] ?? entry.action}</span>
              {entry.user_id && (
                <span className="text-soft">
                  {' · '}
                  {logins.get(entry.user_id) ?? t('audit.gone')}
                </span>
              )}
            </span>
            <span className="text-soft">
              {entry.address && `${entry.address} · `}
              <time dateTime={entry.at}>{formatDateTime(entry.at)}</time>
            </span>
          </li>
        ))}
      </ol>
      {list.data && (
        <Pager
          shown={entries.length}
          hasMore={list.hasNextPage}
          busy={list.isFetchingNextPage}
          onMore={() => void list.fetchNextPage()}
        />
      )}
    </Card>
  );
}
