/** API keys: programs of one's own use the model servers with them. */

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { KeyRound, Plus } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, ask } from '../../client/api';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import ConfirmDialog from '../../ui/ConfirmDialog';
import { EmptyState } from '../../ui/EmptyState';
import { ErrorCard } from '../../ui/ErrorCard';
import { useNews } from '../../ui/News';
import { Skeleton } from '../../ui/Spinner';
import { KeyItem } from './KeyItem';
import { KeyShown } from './KeyShown';
import { type ApiKey, KEYS_QUERY, type MadeApiKey, stateOf } from './keys';
import { NewKeyDialog } from './NewKeyDialog';
import { RotateDialog } from './RotateDialog';
import { UsageCard } from './UsageCard';

type Open =
  | { kind: 'none' }
  | { kind: 'new' }
  | { kind: 'shown'; made: MadeApiKey }
  | { kind: 'rotate'; key: ApiKey }
  | { kind: 'revoke'; key: ApiKey };

export default function KeysSection() {
  const { t } = useTranslation('settings');
  const client = useQueryClient();
  const { line: news, sayAndFocus } = useNews();
  const [open, setOpen] = useState<Open>({ kind: 'none' });
  const list = useQuery({
    queryKey: KEYS_QUERY,
    queryFn: ({ signal }) => ask(api.GET('/api/keys', { signal })),
  });
  const close = () => setOpen({ kind: 'none' });
  const changed = () => client.invalidateQueries({ queryKey: KEYS_QUERY });
  const revoke = useMutation({
    mutationFn: ({ id }: ApiKey) =>
      ask(api.DELETE('/api/keys/{key_id}', { params: { path: { key_id: id } } })),
    onSuccess: async (_, { name }) => {
      // Closed first: while it is open it keeps the focus.
      close();
      await changed();
      sayAndFocus(t('keys.revokedOne', { name }));
    },
    onError: changed,
  });
  const made = (key: MadeApiKey) => {
    setOpen({ kind: 'shown', made: key });
    void changed();
  };
  const create = (
    <Button look="primary" onClick={() => setOpen({ kind: 'new' })}>
      <Plus aria-hidden size={18} />
      {t('keys.create')}
    </Button>
  );
  const keys = list.data?.keys ?? [];
  return (
    <>
      <Card title={t('keys.title')} intro={t('keys.intro')} actions={keys.length > 0 && create}>
        {news}
        {list.isPending && <Skeleton />}
        {list.error && (
          <ErrorCard error={list.error} onRetry={() => list.refetch()} retrying={list.isFetching} />
        )}
        {list.data && keys.length === 0 && (
          <EmptyState
            icon={KeyRound}
            title={t('keys.none')}
            body={t('keys.noneBody')}
            action={create}
          />
        )}
        <ul className="flex flex-col divide-y divide-line empty:hidden">
          {keys.map((key) => (
            <KeyItem
              key={key.id}
              apiKey={key}
              state={stateOf(key)}
              onRotate={() => setOpen({ kind: 'rotate', key })}
              onRevoke={() => {
                revoke.reset();
                setOpen({ kind: 'revoke', key });
              }}
            />
          ))}
        </ul>
      </Card>
      <UsageCard />
      <NewKeyDialog open={open.kind === 'new'} onClose={close} onMade={made} />
      <RotateDialog
        apiKey={open.kind === 'rotate' ? open.key : null}
        onClose={close}
        onMade={made}
      />
      <KeyShown made={open.kind === 'shown' ? open.made : null} onClose={close} />
      <ConfirmDialog
        open={open.kind === 'revoke'}
        onClose={close}
        onConfirm={() => open.kind === 'revoke' && revoke.mutate(open.key)}
        title={t('keys.revokeTitle', { name: open.kind === 'revoke' ? open.key.name : '' })}
        body={t('keys.revokeBody')}
        confirmLabel={t('keys.revoke')}
        busy={revoke.isPending}
        error={revoke.error}
      />
    </>
  );
}
