/** The Memory screen: what the agent knows about the user, in the user's hands. */

import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { Brain, Download, Plus, SearchX } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import { useMe } from '../../client/session';
import { Button, buttonClasses } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { EmptyState } from '../../ui/EmptyState';
import { ErrorCard } from '../../ui/ErrorCard';
import { useNews } from '../../ui/News';
import { Page } from '../../ui/Page';
import { Pager } from '../../ui/Pager';
import { Skeleton } from '../../ui/Spinner';
import { SearchBox, Toolbar } from '../../ui/Toolbar';
import { ForgetAll } from './ForgetAll';
import { ImportButton, ImportResult, useImport } from './ImportButton';
import { MemoryForm } from './MemoryForm';
import { MemoryItem } from './MemoryItem';
import { add, EXPORT_PATH, fetchMemories, memoriesKey } from './memories';
import { PolicyCard } from './PolicyCard';
import { Proposed } from './Proposed';

export default function MemoryPage() {
  const { t } = useTranslation('memory');
  const { data: session } = useMe();
  const { line, say, sayAndFocus } = useNews();
  const [adding, setAdding] = useState(false);
  const importing = useImport();
  return (
    <Page
      title={t('title')}
      intro={t('intro')}
      actions={
        <Button look="primary" onClick={() => setAdding(true)}>
          <Plus aria-hidden size={18} />
          {t('add')}
        </Button>
      }
    >
      {line}
      {adding && (
        <Card title={t('addTitle')}>
          <MemoryForm
            start={{ text: '', kind: 'fact' }}
            save={add}
            onDone={(saved) => {
              setAdding(false);
              sayAndFocus(saved ? t('savedNew') : '');
            }}
          />
        </Card>
      )}
      <Proposed onNews={sayAndFocus} />
      {session?.user && <PolicyCard user={session.user} />}
      <Known
        off={session?.user?.memory_policy === 'off'}
        onSaved={() => say(t('saved'))}
        onDeleted={() => sayAndFocus(t('deleted'))}
      />
      <ImportResult state={importing} />
      <div className="flex flex-wrap gap-2">
        <a href={EXPORT_PATH} download className={buttonClasses()}>
          <Download aria-hidden size={18} />
          {t('export')}
        </a>
        <ImportButton state={importing} />
        <ForgetAll onNews={sayAndFocus} />
      </div>
    </Page>
  );
}

type KnownProps = { off: boolean; onSaved: () => void; onDeleted: () => void };

function Known({ off, onSaved, onDeleted }: KnownProps) {
  const { t } = useTranslation('memory');
  const [address, setAddress] = useSearchParams();
  const typed = address.get('q') ?? '';
  const q = typed.trim();
  const search = (words: string) =>
    setAddress(words ? { q: words } : {}, { replace: true, preventScrollReset: true });
  const list = useInfiniteQuery({
    queryKey: memoriesKey(false, q),
    queryFn: ({ pageParam, signal }) => fetchMemories(false, q, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
  });
  const memories = list.data?.pages.flatMap((page) => page.memories) ?? [];
  const total = list.data?.pages.at(-1)?.total ?? 0;
  return (
    <section aria-labelledby="known" className="flex flex-col gap-4">
      <div className="flex flex-wrap items-baseline justify-between gap-2">
        <h2 id="known" className="font-semibold text-xl">
          {t('known')}
        </h2>
        {list.data && (
          <p role="status" className="text-soft text-sm">
            {t('count', { count: total })}
          </p>
        )}
      </div>
      {(total > 0 || q !== '' || list.isPlaceholderData) && (
        <Toolbar>
          <SearchBox label={t('search')} value={typed} onSearch={search} />
        </Toolbar>
      )}
      {list.isPending && <Skeleton rows={3} label={t('loading')} />}
      {list.error && (
        <ErrorCard
          error={list.error}
          title={t(list.isFetchNextPageError ? 'moreFailed' : 'loadFailed')}
          onRetry={() => (list.isFetchNextPageError ? list.fetchNextPage() : list.refetch())}
          retrying={list.isFetching}
        />
      )}
      {list.data && memories.length === 0 && (
        <Nothing searched={q !== ''} off={off} onClear={() => search('')} />
      )}
      {memories.length > 0 && (
        <ul aria-labelledby="known" className="flex flex-col gap-3">
          {memories.map((memory) => (
            <MemoryItem key={memory.id} memory={memory} onSaved={onSaved} onDeleted={onDeleted} />
          ))}
        </ul>
      )}
      {list.hasNextPage && (
        <Pager
          shown={memories.length}
          hasMore
          busy={list.isFetchingNextPage}
          onMore={() => list.fetchNextPage()}
        />
      )}
    </section>
  );
}

type NothingProps = { searched: boolean; off: boolean; onClear: () => void };

function Nothing({ searched, off, onClear }: NothingProps) {
  const { t } = useTranslation('memory');
  return searched ? (
    <EmptyState
      icon={SearchX}
      title={t('nothingTitle')}
      body={t('nothingBody')}
      action={<Button onClick={onClear}>{t('clear')}</Button>}
    />
  ) : (
    <EmptyState icon={Brain} title={t('emptyTitle')} body={t(off ? 'emptyOffBody' : 'emptyBody')} />
  );
}
