/** One thing that is known: its words, where it comes from, and ways to change or forget it. */

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Pencil, Trash2 } from 'lucide-react';
import { type ReactNode, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { Badge } from '../../ui/Badge';
import ConfirmDialog from '../../ui/ConfirmDialog';
import { formatDateTime, formatRelative } from '../../ui/format';
import { MemoryForm } from './MemoryForm';
import { change, changed, inShort, type Memory, remove, sourcePath } from './memories';

type Props = { memory: Memory; onSaved: () => void; onDeleted: () => void };

export function MemoryItem({ memory, onSaved, onDeleted }: Props) {
  const { t } = useTranslation('memory');
  const client = useQueryClient();
  const [doing, setDoing] = useState<'edit' | 'delete' | null>(null);
  const pencil = useRef<HTMLButtonElement>(null);
  const text = inShort(memory.text);
  const deletion = useMutation({
    mutationFn: () => remove(memory.id),
    onSuccess: async () => {
      // Closed first: while it is open it keeps the focus.
      setDoing(null);
      await changed(client);
      onDeleted();
    },
  });
  if (doing === 'edit') {
    return (
      <MemoryBox>
        <MemoryForm
          start={memory}
          save={({ text, kind }) => change(memory.id, { text, kind })}
          onDone={(saved) => {
            setDoing(null);
            if (saved) onSaved();
            requestAnimationFrame(() => pencil.current?.focus());
          }}
        />
      </MemoryBox>
    );
  }
  return (
    <MemoryBox>
      <div className="flex items-start justify-between gap-3">
        <p className="min-w-0 whitespace-pre-wrap pt-2.5">{memory.text}</p>
        <div className="-mr-2 flex shrink-0">
          <button
            ref={pencil}
            type="button"
            aria-label={t('editOne', { text })}
            onClick={() => setDoing('edit')}
            className={ICON_BUTTON}
          >
            <Pencil aria-hidden size={18} />
          </button>
          <button
            type="button"
            aria-label={t('deleteOne', { text })}
            onClick={() => setDoing('delete')}
            className={ICON_BUTTON}
          >
            <Trash2 aria-hidden size={18} />
          </button>
        </div>
      </div>
      <MemoryFacts memory={memory} />
      <ConfirmDialog
        open={doing === 'delete'}
        onClose={() => {
          deletion.reset();
          setDoing(null);
        }}
        onConfirm={() => deletion.mutate()}
        title={t('deleteTitle')}
        body={t('deleteBody', { text: memory.text })}
        confirmLabel={t('delete')}
        busy={deletion.isPending}
        error={deletion.error}
      />
    </MemoryBox>
  );
}

const ICON_BUTTON =
  'inline-flex size-11 items-center justify-center rounded-full text-soft hover:bg-raised hover:text-ink';

export function MemoryBox({ children }: { children: ReactNode }) {
  return (
    <li
      data-testid="memory"
      className="flex flex-col gap-2 rounded-2xl border border-line bg-surface p-4"
    >
      {children}
    </li>
  );
}

export function MemoryFacts({ memory }: { memory: Memory }) {
  const { t } = useTranslation('memory');
  const source = sourcePath(memory);
  const { kind, created_at, updated_at, last_used_at, proposed } = memory;
  return (
    <ul className="flex flex-wrap items-center gap-x-4 gap-y-1 text-soft text-sm">
      <li>
        <Badge>{t(`kinds.${kind}`)}</Badge>
      </li>
      <li>
        <When at={created_at} words={(when) => t(proposed ? 'proposed.when' : 'added', { when })} />
      </li>
      {updated_at && (
        <li>
          <When at={updated_at} words={(when) => t('changed', { when })} />
        </li>
      )}
      {!proposed && (
        <li>
          {last_used_at ? (
            <When at={last_used_at} words={(when) => t('used', { when })} />
          ) : (
            t('neverUsed')
          )}
        </li>
      )}
      {source && (
        <li>
          <Link
            to={source}
            aria-label={t('sourceOf', { text: inShort(memory.text) })}
            className="inline-flex min-h-6 items-center text-accent underline underline-offset-2"
          >
            {t('source')}
          </Link>
        </li>
      )}
    </ul>
  );
}

function When({ at, words }: { at: string; words: (when: string) => string }) {
  return (
    <time dateTime={at} title={formatDateTime(at)}>
      {words(formatRelative(at))}
    </time>
  );
}
