/** What the agent would like to remember, for the user to keep or discard. */

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Check, X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { ErrorCard } from '../../ui/ErrorCard';
import { MemoryBox, MemoryFacts } from './MemoryItem';
import {
  change,
  changed,
  fetchMemories,
  inShort,
  type Memory,
  memoriesKey,
  remove,
} from './memories';

export function Proposed({ onNews }: { onNews: (news: string) => void }) {
  const { t } = useTranslation('memory');
  const list = useQuery({
    queryKey: memoriesKey(true, ''),
    queryFn: ({ signal }) => fetchMemories(true, '', null, signal),
  });
  if (list.error && !list.data) {
    return (
      <ErrorCard
        error={list.error}
        title={t('proposed.failed')}
        onRetry={() => list.refetch()}
        retrying={list.isFetching}
      />
    );
  }
  if (!list.data || list.data.memories.length === 0) return null;
  return (
    <Card title={t('proposed.title')} intro={t('proposed.count', { count: list.data.total })}>
      <ul className="flex flex-col gap-3">
        {list.data.memories.map((memory) => (
          <Proposal key={memory.id} memory={memory} onNews={onNews} />
        ))}
      </ul>
    </Card>
  );
}

function Proposal({ memory, onNews }: { memory: Memory; onNews: (news: string) => void }) {
  const { t } = useTranslation('memory');
  const client = useQueryClient();
  const text = inShort(memory.text);
  const decision = useMutation({
    mutationFn: (keep: boolean) =>
      keep ? change(memory.id, { proposed: false }) : remove(memory.id),
    onSuccess: async (_, keep) => {
      onNews(t(keep ? 'proposed.kept' : 'proposed.discarded'));
      await changed(client);
    },
  });
  const busy = (keep: boolean) => decision.isPending && decision.variables === keep;
  return (
    <MemoryBox>
      <p className="whitespace-pre-wrap">{memory.text}</p>
      <MemoryFacts memory={memory} />
      <div className="flex flex-wrap gap-2">
        <Button
          look="primary"
          aria-label={t('proposed.keepOne', { text })}
          busy={busy(true)}
          disabled={busy(false)}
          onClick={() => decision.mutate(true)}
        >
          <Check aria-hidden size={18} />
          {t('proposed.keep')}
        </Button>
        <Button
          aria-label={t('proposed.discardOne', { text })}
          busy={busy(false)}
          disabled={busy(true)}
          onClick={() => decision.mutate(false)}
        >
          <X aria-hidden size={18} />
          {t('proposed.discard')}
        </Button>
      </div>
      {decision.error && <ErrorCard error={decision.error} title={t('changeFailed')} />}
    </MemoryBox>
  );
}
