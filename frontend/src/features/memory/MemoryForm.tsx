/** Writes a memory down, or says one better. */

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../../client/ApiError';
import { Button } from '../../ui/Button';
import { ErrorCard } from '../../ui/ErrorCard';
import { SelectField, TextAreaField } from '../../ui/Field';
import { changed, type Draft, KINDS, MAX_TEXT_CHARS } from './memories';

type Props = {
  start: Draft;
  save: (draft: Draft) => Promise<unknown>;
  onDone: (saved: boolean) => void;
};

export function MemoryForm({ start, save, onDone }: Props) {
  const { t } = useTranslation(['memory', 'common']);
  const client = useQueryClient();
  const [draft, setDraft] = useState(start);
  const [missing, setMissing] = useState(false);
  const box = useRef<HTMLFormElement>(null);
  useEffect(() => box.current?.querySelector('textarea')?.focus(), []);
  const saving = useMutation({
    mutationFn: () => save({ ...draft, text: draft.text.trim() }),
    onSuccess: async () => {
      await changed(client);
      onDone(true);
    },
  });
  const { error } = saving;
  const known = error instanceof ApiError && error.code === 'memory_known';
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const blank = draft.text.trim() === '';
    setMissing(blank);
    if (blank) box.current?.querySelector('textarea')?.focus();
    else if (!saving.isPending) saving.mutate();
  };
  return (
    <form
      ref={box}
      onSubmit={submit}
      onKeyDown={(event) => event.key === 'Escape' && !saving.isPending && onDone(false)}
      className="flex flex-col gap-3"
    >
      <TextAreaField
        label={t('memory:text')}
        hint={t('memory:textHint')}
        error={missing ? t('memory:textMissing') : known ? t('memory:knownAlready') : null}
        rows={2}
        maxLength={MAX_TEXT_CHARS}
        value={draft.text}
        onChange={({ target }) => {
          setDraft({ ...draft, text: target.value });
          setMissing(false);
          if (error) saving.reset();
        }}
      />
      <div className="max-w-56">
        <SelectField
          label={t('memory:kind')}
          value={draft.kind}
          options={KINDS.map((value) => ({ value, label: t(`memory:kinds.${value}`) }))}
          onChange={({ target }) =>
            setDraft({ ...draft, kind: KINDS.find((kind) => kind === target.value) ?? draft.kind })
          }
        />
      </div>
      {error && !known && <ErrorCard error={error} title={t('memory:changeFailed')} />}
      <div className="flex flex-wrap gap-2">
        <Button look="primary" type="submit" busy={saving.isPending}>
          {t('memory:save')}
        </Button>
        <Button disabled={saving.isPending} onClick={() => onDone(false)}>
          {t('common:ui.cancel')}
        </Button>
      </div>
    </form>
  );
}
