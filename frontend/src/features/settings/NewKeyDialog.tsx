/** Asks for name, reach, end and limits of a new API key. */

import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../../client/ApiError';
import { api, ask } from '../../client/api';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { ErrorCard } from '../../ui/ErrorCard';
import { ErrorSummary } from '../../ui/ErrorSummary';
import { SelectField, TextField } from '../../ui/Field';
import { type MadeApiKey, type NewApiKey, SCOPES } from './keys';

type Props = { open: boolean; onClose: () => void; onMade: (made: MadeApiKey) => void };

const LIFETIMES_DAYS = [30, 90, 365] as const;
const NEVER = 'never';
const DAY_MS = 86_400_000;
const QUOTAS = ['requests_per_minute', 'audio_minutes_per_day', 'tokens_per_day'] as const;

export function NewKeyDialog({ open, onClose, onMade }: Props) {
  const { t } = useTranslation('settings');
  return (
    <Dialog open={open} onClose={onClose} title={t('keys.create')}>
      <NewKeyForm onClose={onClose} onMade={onMade} />
    </Dialog>
  );
}

function NewKeyForm({ onClose, onMade }: Omit<Props, 'open'>) {
  const { t } = useTranslation(['settings', 'common']);
  const [wrong, setWrong] = useState<readonly ('name' | 'scopes')[]>([]);
  const create = useMutation({
    mutationFn: (body: NewApiKey) => ask(api.POST('/api/keys', { body })),
    onSuccess: onMade,
  });
  const { error } = create;
  const tooMany = error instanceof ApiError && error.code === 'too_many_keys';
  const summary = useMemo(
    () => wrong.map((field) => ({ id: `key-${field}`, message: t(`keys.missing.${field}`) })),
    [wrong, t],
  );

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    if (create.isPending) return;
    const body = readKey(new FormData(event.currentTarget));
    const missing = [
      ...(body.name === '' ? (['name'] as const) : []),
      ...(body.scopes.length === 0 ? (['scopes'] as const) : []),
    ];
    setWrong(missing);
    if (missing.length === 0) create.mutate(body);
  }

  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-4">
      <ErrorSummary errors={summary} />
      <TextField
        id="key-name"
        name="name"
        label={t('keys.name')}
        hint={t('keys.nameHint')}
        error={wrong.includes('name') ? t('keys.missing.name') : null}
        maxLength={100}
        autoComplete="off"
        required
      />
      <fieldset id="key-scopes" tabIndex={-1} className="flex flex-col gap-1">
        <legend className="mb-1 font-medium text-sm">{t('keys.scopes')}</legend>
        {SCOPES.map((scope) => (
          <label key={scope} className="flex min-h-11 items-center gap-3">
            <input
              type="checkbox"
              name="scopes"
              value={scope}
              defaultChecked
              className="size-5 accent-accent"
            />
            {t(`common:services.${scope}`)}
          </label>
        ))}
        {wrong.includes('scopes') && (
          <p className="text-danger text-sm">{t('keys.missing.scopes')}</p>
        )}
      </fieldset>
      <SelectField
        name="lifetime"
        label={t('keys.lifetime')}
        defaultValue={NEVER}
        options={[
          { value: NEVER, label: t('keys.never') },
          ...LIFETIMES_DAYS.map((count) => ({
            value: String(count),
            label: t('privacy.days', { count }),
          })),
        ]}
      />
      <fieldset className="flex flex-col gap-3">
        <legend className="mb-1 font-medium text-sm">{t('keys.limits')}</legend>
        {QUOTAS.map((quota) => (
          <TextField
            key={quota}
            name={quota}
            type="number"
            inputMode="numeric"
            min={1}
            max={quota === 'audio_minutes_per_day' ? 33_333 : 2_000_000_000}
            label={t(`keys.limit.${quota}`)}
            placeholder={t('keys.noLimit')}
          />
        ))}
      </fieldset>
      {tooMany && (
        <p role="alert" className="text-danger text-sm">
          {t('keys.tooMany')}
        </p>
      )}
      {error && !tooMany && <ErrorCard error={error} />}
      <div className="flex flex-col-reverse gap-3 sm:flex-row sm:justify-end">
        <Button onClick={onClose}>{t('common:ui.cancel')}</Button>
        <Button type="submit" look="primary" busy={create.isPending}>
          {t('keys.make')}
        </Button>
      </div>
    </form>
  );
}

/** An empty or senseless limit is none. */
export function readKey(form: FormData, now_ms = Date.now()): NewApiKey {
  const quota = (name: (typeof QUOTAS)[number]) => {
    const value = Math.floor(Number(form.get(name)));
    return Number.isFinite(value) && value >= 1 ? value : null;
  };
  const days = Number(form.get('lifetime'));
  return {
    name: String(form.get('name') ?? '').trim(),
    scopes: SCOPES.filter((scope) => form.getAll('scopes').includes(scope)),
    expires_at: days > 0 ? new Date(now_ms + days * DAY_MS).toISOString() : null,
    requests_per_minute: quota('requests_per_minute'),
    audio_minutes_per_day: quota('audio_minutes_per_day'),
    tokens_per_day: quota('tokens_per_day'),
  };
}
