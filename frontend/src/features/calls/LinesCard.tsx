/** The lines by which calls come and go, and ways to add, change and delete one. */

import { useQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import ConfirmDialog from '../../ui/ConfirmDialog';
import { ErrorCard } from '../../ui/ErrorCard';
import { Skeleton } from '../../ui/Spinner';
import { LineForm } from './LineForm';
import { LineItem } from './LineItem';
import { type Line, linesQuery, type PhoneStatus, removeLine, useLineChange } from './phone';

type Props = { status: PhoneStatus; onNews: (news: string) => void };
type Doing = { kind: 'add' } | { kind: 'edit' | 'delete'; line: Line } | null;

export function LinesCard({ status, onNews }: Props) {
  const { t } = useTranslation('calls');
  const lines = useQuery(linesQuery);
  const [doing, setDoing] = useState<Doing>(null);
  const adder = useRef<HTMLButtonElement>(null);
  const deletion = useLineChange((line: Line) => removeLine(line.id));
  const leaving = doing?.kind === 'delete' ? doing.line : null;
  const done = (name: string | null) => {
    setDoing(null);
    if (name !== null) onNews(t('lines.saved', { name }));
    else requestAnimationFrame(() => adder.current?.focus());
  };
  return (
    <Card
      title={t('lines.title')}
      intro={t('lines.intro')}
      actions={
        <Button ref={adder} onClick={() => setDoing({ kind: 'add' })}>
          <Plus aria-hidden size={18} />
          {t('lines.add')}
        </Button>
      }
    >
      {lines.isPending && <Skeleton rows={1} />}
      {lines.error && !lines.data && (
        <ErrorCard
          error={lines.error}
          title={t('lines.loadFailed')}
          onRetry={() => lines.refetch()}
          retrying={lines.isFetching}
        />
      )}
      {doing?.kind === 'add' && <LineForm line={null} onDone={done} />}
      {lines.data?.length === 0 && doing?.kind !== 'add' && (
        <p className="text-soft">{t('lines.none')}</p>
      )}
      <ul aria-label={t('lines.title')} className="flex flex-col divide-y divide-line empty:hidden">
        {lines.data?.map((line) =>
          doing?.kind === 'edit' && doing.line.id === line.id ? (
            <li key={line.id} className="py-4">
              <LineForm line={line} onDone={done} />
            </li>
          ) : (
            <LineItem
              key={line.id}
              line={line}
              seen={status.lines.find(({ id }) => id === line.id) ?? null}
              onEdit={() => setDoing({ kind: 'edit', line })}
              onDelete={() => {
                deletion.reset();
                setDoing({ kind: 'delete', line });
              }}
            />
          ),
        )}
      </ul>
      <ConfirmDialog
        open={leaving !== null}
        onClose={() => setDoing(null)}
        onConfirm={() =>
          leaving &&
          deletion.mutate(leaving, {
            onSuccess: () => {
              setDoing(null);
              onNews(t('lines.deleted', { name: leaving.name }));
            },
          })
        }
        title={t('lines.deleteTitle')}
        body={t('lines.deleteBody', { name: leaving?.name ?? '' })}
        confirmLabel={t('lines.delete')}
        busy={deletion.isPending}
        error={deletion.error}
      />
    </Card>
  );
}
