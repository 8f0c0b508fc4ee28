/** Gives a conversation another name, where its name stands. */

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/Button';
import { ErrorCard } from '../../ui/ErrorCard';
import { TextField } from '../../ui/Field';
import { type Conversation, changed, rename, titleOf } from './conversations';

const MAX_TITLE_CHARS = 200;

type Props = {
  conversation: Conversation;
  /** With its new name, or null when it was left as it is. */
  onDone: (title: string | null) => void;
};

export function RenameForm({ conversation, onDone }: Props) {
  const { t } = useTranslation(['conversations', 'common']);
  const client = useQueryClient();
  const [title, setTitle] = useState(conversation.title ?? '');
  const box = useRef<HTMLFormElement>(null);
  useEffect(() => box.current?.querySelector('input')?.select(), []);
  const save = useMutation({
    mutationFn: () => rename(conversation.id, title),
    onSuccess: async (renamed) => {
      await changed(client, conversation.id, false);
      onDone(titleOf(renamed));
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!save.isPending) save.mutate();
  };
  return (
    <form
      ref={box}
      onSubmit={submit}
      onKeyDown={(event) => event.key === 'Escape' && !save.isPending && onDone(null)}
      className="flex w-full flex-col gap-3"
    >
      <TextField
        label={t('conversations:name')}
        hint={t('conversations:nameHint')}
        value={title}
        maxLength={MAX_TITLE_CHARS}
        autoComplete="off"
        onChange={(event) => setTitle(event.target.value)}
      />
      {save.error && <ErrorCard error={save.error} title={t('conversations:renameFailed')} />}
      <div className="flex flex-wrap gap-2">
        <Button look="primary" type="submit" busy={save.isPending}>
          {t('conversations:save')}
        </Button>
        <Button disabled={save.isPending} onClick={() => onDone(null)}>
          {t('common:ui.cancel')}
        </Button>
      </div>
    </form>
  );
}
