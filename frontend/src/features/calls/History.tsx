/** The calls that are over, page by page. */

import { useInfiniteQuery } from '@tanstack/react-query';
import { PhoneCall } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { EmptyState } from '../../ui/EmptyState';
import { ErrorCard } from '../../ui/ErrorCard';
import { formatClock, formatDateTime } from '../../ui/format';
import { Pager } from '../../ui/Pager';
import { Skeleton } from '../../ui/Spinner';
import { CallTitle } from './CallTitle';
import { type Call, fetchEnded, historyKey, numberOf, reasonWords, spoken_s } from './calls';
import { type Line, lineName } from './phone';

export function History({ lines }: { lines: readonly Line[] }) {
  const { t } = useTranslation('calls');
  const history = useInfiniteQuery({
    queryKey: historyKey,
    queryFn: ({ pageParam, signal }) => fetchEnded(pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  });
  const calls = history.data?.pages.flatMap((page) => page.calls) ?? [];
  return (
    <section aria-labelledby="earlier" className="flex flex-col gap-4">
      <h2 id="earlier" className="font-semibold text-xl">
        {t('history.title')}
      </h2>
      {history.isPending && <Skeleton rows={3} label={t('history.loading')} />}
      {history.error && (
        <ErrorCard
          error={history.error}
          title={t(history.isFetchNextPageError ? 'moreFailed' : 'loadFailed')}
          onRetry={() =>
            history.isFetchNextPageError ? history.fetchNextPage() : history.refetch()
          }
          retrying={history.isFetching}
        />
      )}
      {history.data && calls.length === 0 && (
        <EmptyState
          icon={PhoneCall}
          title={t('history.emptyTitle')}
          body={t('history.emptyBody')}
        />
      )}
      {calls.length > 0 && (
        <>
          <ul aria-labelledby="earlier" className="flex flex-col gap-3">
            {calls.map((call) => (
              <EndedCall key={call.id} call={call} line={lineName(lines, call.line_id)} />
            ))}
          </ul>
          <Pager
            shown={calls.length}
            hasMore={history.hasNextPage}
            busy={history.isFetchingNextPage}
            onMore={() => history.fetchNextPage()}
          />
        </>
      )}
    </section>
  );
}

function EndedCall({ call, line }: { call: Call; line: string | null }) {
  const { t } = useTranslation('calls');
  const lasted_s = spoken_s(call);
  const date = formatDateTime(call.started_at);
  const facts = [
    <time key="started" dateTime={call.started_at}>
      {date}
    </time>,
    lasted_s === null
      ? t('history.notAnswered')
      : t('history.lasted', { duration: formatClock(lasted_s) }),
    line,
    reasonWords(call.ended_reason),
  ];
  return (
    <li
      data-testid="ended-call"
      className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 rounded-2xl border border-line bg-surface p-4"
    >
      <div className="flex min-w-0 flex-col gap-1">
        <CallTitle call={call} />
        <ul className="flex flex-wrap gap-x-4 gap-y-1 text-soft text-sm">
          {facts.map(
            (fact, place) =>
              // biome-ignore lint/suspicious/noArrayIndexKey: facts have no identity but their place.
              fact && <li key={place}>{fact}</li>,
          )}
        </ul>
      </div>
      {call.conversation_id !== null && call.conversation_open && (
        <Link
          to={`/conversations/${encodeURIComponent(call.conversation_id)}`}
          aria-label={t('history.conversationOf', { number: numberOf(call), date })}
          className="inline-flex min-h-6 items-center text-accent underline underline-offset-2"
        >
          {t('history.conversation')}
        </Link>
      )}
    </li>
  );
}
