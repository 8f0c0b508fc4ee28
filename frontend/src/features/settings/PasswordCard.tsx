/** A new password for the old one; every other browser is signed out with it. */

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../../client/ApiError';
import { api, ask } from '../../client/api';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { ErrorCard } from '../../ui/ErrorCard';
import { ErrorSummary } from '../../ui/ErrorSummary';
import { TextField } from '../../ui/Field';

const CODES = [
  'wrong_credentials',
  'password_too_short',
  'password_too_long',
  'password_is_login',
  'password_common',
  'too_many_attempts',
] as const;
type Code = (typeof CODES)[number];

export function PasswordCard({ login }: { login: string }) {
  const { t } = useTranslation('settings');
  const client = useQueryClient();
  const form = useRef<HTMLFormElement>(null);
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const change = useMutation({
    mutationFn: () => ask(api.POST('/api/me/password', { body: { current, new: next } })),
    onSuccess: () => {
      setCurrent('');
      setNext('');
      return client.invalidateQueries({ queryKey: ['sessions'] });
    },
  });
  const { error } = change;
  const code = codeOf(error);
  const words = code ? t(`password.refusals.${code}`) : null;
  const atCurrent = code === 'wrong_credentials';
  const atNext = words !== null && !atCurrent && code !== 'too_many_attempts';
  const errors = useMemo(
    () =>
      words === null
        ? []
        : [
            {
              id: atCurrent ? 'password-current' : atNext ? 'password-new' : undefined,
              message: words,
            },
          ],
    [words, atCurrent, atNext],
  );

  function submit(event: FormEvent) {
    event.preventDefault();
    if (!change.isPending) change.mutate();
  }

  return (
    <Card title={t('password.title')} intro={t('password.intro')}>
      <form ref={form} method="post" onSubmit={submit} className="flex flex-col gap-4">
        <ErrorSummary errors={errors} />
        {/* Password managers want to know whose password it is. */}
        <input
          type="text"
          name="username"
          value={login}
          autoComplete="username"
          readOnly
          tabIndex={-1}
          aria-hidden
          className="sr-only"
        />
        <TextField
          id="password-current"
          name="current"
          type="password"
          label={t('password.current')}
          value={current}
          onChange={({ target }) => setCurrent(target.value)}
          error={atCurrent ? words : null}
          autoComplete="current-password"
          required
        />
        <TextField
          id="password-new"
          name="new"
          type="password"
          label={t('password.new')}
          hint={t('password.hint')}
          value={next}
          onChange={({ target }) => setNext(target.value)}
          error={atNext ? words : null}
          autoComplete="new-password"
          required
        />
        {error && code === null && <ErrorCard error={error} />}
        <div className="flex flex-wrap items-center gap-3">
          <Button type="submit" look="primary" busy={change.isPending}>
            {t('password.change')}
          </Button>
          <p role="status" className="text-soft text-sm">
            {change.isSuccess && t('password.changed')}
          </p>
        </div>
      </form>
    </Card>
  );
}

function codeOf(error: Error | null): Code | null {
  if (!(error instanceof ApiError)) return null;
  return CODES.find((code) => code === error.code) ?? null;
}
