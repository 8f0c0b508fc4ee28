/** Deletes everything that is a person's, after they typed their login and password. */

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../../client/ApiError';
import { requestJson } from '../../client/api';
import { sessionChanged } from '../../client/session';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { Dialog } from '../../ui/Dialog';
import { ErrorCard } from '../../ui/ErrorCard';
import { TextField } from '../../ui/Field';
import type { SectionProps } from './SettingsPage';

export function ForgetCard({ session, user }: SectionProps) {
  const { t } = useTranslation('settings');
  const client = useQueryClient();
  const [step, setStep] = useState<'closed' | 'asking' | 'gone'>('closed');
  const kind = session.auth === 'on' ? 'account' : 'data';

  function close() {
    setStep('closed');
    // Only now: who is signed out is led away, and would not have read the news.
    if (step === 'gone') void sessionChanged(client);
  }

  return (
    <Card title={t(`forget.${kind}.title`)} intro={t(`forget.${kind}.intro`)}>
      <Button look="danger" className="self-start" onClick={() => setStep('asking')}>
        {t(`forget.${kind}.action`)}
      </Button>
      <Dialog
        open={step !== 'closed'}
        onClose={close}
        title={t(`forget.${kind}.title`)}
        description={step === 'gone' ? undefined : t('forget.warning')}
      >
        {step === 'gone' ? (
          <>
            <p role="alert">{t(`forget.done.${kind}`)}</p>
            <Button look="primary" onClick={close}>
              {t('forget.leave')}
            </Button>
          </>
        ) : (
          <ForgetForm
            session={session}
            user={user}
            onClose={close}
            onGone={() => setStep('gone')}
          />
        )}
      </Dialog>
    </Card>
  );
}

type FormProps = SectionProps & { onClose: () => void; onGone: () => void };

function ForgetForm({ session, user, onClose, onGone }: FormProps) {
  const { t } = useTranslation(['settings', 'common']);
  const id = useId();
  const [login, setLogin] = useState('');
  const [password, setPassword] = useState('');
  const withPassword = session.auth === 'on';
  const forget = useMutation({
    mutationFn: () =>
      requestJson('/api/me/forget', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ confirm: login.trim(), ...(withPassword && { password }) }),
      }),
    onSuccess: onGone,
  });
  const { error } = forget;
  const wrongPassword = error instanceof ApiError && error.code === 'wrong_credentials';
  const lastAdmin = error instanceof ApiError && error.code === 'last_admin';
  const ready = login.trim() === user.login && (!withPassword || password !== '');

  function submit(event: FormEvent) {
    event.preventDefault();
    if (ready && !forget.isPending) forget.mutate();
  }

  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-4">
      <TextField
        id={`${id}-login`}
        label={t('common:ui.typeToConfirm', { word: user.login })}
        value={login}
        onChange={({ target }) => setLogin(target.value)}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
      />
      {withPassword && (
        <TextField
          id={`${id}-password`}
          type="password"
          label={t('forget.password')}
          value={password}
          onChange={({ target }) => setPassword(target.value)}
          error={wrongPassword ? t('password.wrong') : null}
          autoComplete="current-password"
        />
      )}
      {lastAdmin && (
        <p role="alert" className="text-danger text-sm">
          {t('people.lastAdmin')}
        </p>
      )}
      {error && !wrongPassword && !lastAdmin && <ErrorCard error={error} />}
      <div className="flex flex-col-reverse gap-3 sm:flex-row sm:justify-end">
        <Button onClick={onClose} disabled={forget.isPending}>
          {t('common:ui.cancel')}
        </Button>
        <Button type="submit" look="danger" busy={forget.isPending} disabled={!ready}>
          {t('forget.confirm')}
        </Button>
      </div>
    </form>
  );
}
