/** The Conversations screen: the history, searched and narrowed down. */

import { MessagesSquare, SearchX } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'react-router';
import { Button, buttonClasses } from '../../ui/Button';
import { EmptyState } from '../../ui/EmptyState';
import { ErrorCard } from '../../ui/ErrorCard';
import { SelectField, TextField } from '../../ui/Field';
import { formatDate } from '../../ui/format';
import { useNews } from '../../ui/News';
import { Page } from '../../ui/Page';
import { Pager } from '../../ui/Pager';
import { Skeleton } from '../../ui/Spinner';
import { SearchBox, Toolbar } from '../../ui/Toolbar';
import { ConversationRow } from './ConversationRow';
import { addressOf, type Filters, filtersFrom, isNarrowed, wantedOf } from './filters';
import { useHistory } from './useHistory';

export default function ConversationsPage() {
  const { t } = useTranslation('conversations');
  const [address, setAddress] = useSearchParams();
  const filters = filtersFrom(address);
  const change = (next: Partial<Filters>) =>
    setAddress(addressOf({ ...filters, ...next }), { replace: true });
  return (
    <Page title={t('title')} intro={t('intro')}>
      <FilterBar filters={filters} onChange={change} />
      <History filters={filters} onClear={() => setAddress({})} />
    </Page>
  );
}

type BarProps = { filters: Filters; onChange: (next: Partial<Filters>) => void };

function FilterBar({ filters, onChange }: BarProps) {
  const { t } = useTranslation('conversations');
  const channels = (['web', 'sip'] as const).map((value) => ({
    value,
    label: t(`channels.${value}`),
  }));
  return (
    <search aria-label={t('filters')}>
      <Toolbar>
        <SearchBox label={t('search')} value={filters.q} onSearch={(q) => onChange({ q })} />
        <div className="grid w-full grid-cols-2 gap-3 sm:flex sm:w-auto">
          <div className="max-sm:col-span-2">
            <SelectField
              label={t('channel')}
              value={filters.channel ?? ''}
              options={[{ value: '', label: t('channels.all') }, ...channels]}
              onChange={({ target }) =>
                onChange({ channel: channels.find((c) => c.value === target.value)?.value ?? null })
              }
            />
          </div>
          <TextField
            label={t('after')}
            type="date"
            max={filters.until || undefined}
            value={filters.from}
            onChange={({ target }) => onChange({ from: target.value })}
          />
          <TextField
            label={t('before')}
            type="date"
            min={filters.from || undefined}
            value={filters.until}
            onChange={({ target }) => onChange({ until: target.value })}
          />
        </div>
      </Toolbar>
    </search>
  );
}

function History({ filters, onClear }: { filters: Filters; onClear: () => void }) {
  const { t } = useTranslation('conversations');
  const wanted = wantedOf(filters);
  const history = useHistory(wanted);
  const { line, say, sayAndFocus } = useNews();
  const { conversations, isPending, error, isFetchNextPageError } = history;

  if (isPending) return <Skeleton rows={4} label={t('loading')} />;
  if (error && !isFetchNextPageError) {
    return (
      <ErrorCard
        error={error}
        title={t('loadFailed')}
        onRetry={() => history.refetch()}
        retrying={history.isFetching}
      />
    );
  }
  return (
    <>
      {line}
      {conversations.length > 0 ? (
        <ul aria-label={t('list')} aria-busy={history.isFetching} className="flex flex-col gap-3">
          {conversations.map((conversation) => (
            <ConversationRow
              key={conversation.id}
              conversation={conversation}
              query={wanted.q}
              onRenamed={(title) => say(t('renamed', { title }))}
              onDeleted={(title) => sayAndFocus(t('deleted', { title }))}
            />
          ))}
        </ul>
      ) : (
        <Nothing history={history} filters={filters} onClear={onClear} />
      )}
      <Reached searching={wanted.q !== ''} history={history} />
      {isFetchNextPageError && error && <ErrorCard error={error} title={t('moreFailed')} />}
      {conversations.length > 0 && (
        <Pager
          shown={conversations.length}
          hasMore={history.hasNextPage}
          busy={history.isFetchingNextPage}
          onMore={() => history.fetchNextPage()}
        />
      )}
    </>
  );
}

type HistoryState = ReturnType<typeof useHistory>;

function Nothing({
  history,
  filters,
  onClear,
}: {
  history: HistoryState;
  filters: Filters;
  onClear: () => void;
}) {
  const { t } = useTranslation('conversations');
  if (!isNarrowed(filters)) {
    return (
      <EmptyState
        icon={MessagesSquare}
        title={t('emptyTitle')}
        body={t('emptyBody')}
        action={
          <Link to="/" className={buttonClasses('primary')}>
            {t('emptyAction')}
          </Link>
        }
      />
    );
  }
  return (
    <EmptyState
      icon={SearchX}
      title={t('nothingTitle')}
      body={t(history.hasNextPage ? 'nothingYetBody' : 'nothingBody')}
      action={
        <div className="flex flex-wrap justify-center gap-2">
          {history.hasNextPage && (
            <Button
              look="primary"
              busy={history.isFetchingNextPage}
              onClick={() => history.fetchNextPage()}
            >
              {t('searchOn')}
            </Button>
          )}
          <Button onClick={onClear}>{t('clear')}</Button>
        </div>
      }
    />
  );
}

/** How far a search has come: it goes back in time, as far as one request may take. */
function Reached({ searching, history }: { searching: boolean; history: HistoryState }) {
  const { t } = useTranslation('conversations');
  const words = () => {
    if (!searching) return '';
    if (history.isFetching) return t('searching');
    if (!history.hasNextPage) return t('searchedAll');
    return history.searchedTo ? t('searchedTo', { date: formatDate(history.searchedTo) }) : '';
  };
  return (
    <p role="status" className="text-center text-soft text-sm empty:hidden">
      {words()}
    </p>
  );
}
