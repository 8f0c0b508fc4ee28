/** Who one is here: name, password, and the browsers that are signed in. */

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { signOut } from '../../client/session';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { ErrorCard } from '../../ui/ErrorCard';
import { TextField } from '../../ui/Field';
import { PasswordCard } from './PasswordCard';
import { SessionsCard } from './SessionsCard';
import type { SectionProps } from './SettingsPage';
import { useChangeMe } from './useChangeMe';

const MAX_NAME_CHARS = 100;

export default function AccountSection({ session, user }: SectionProps) {
  return (
    <>
      <NameCard user={user} session={session} />
      {session.auth === 'on' && (
        <>
          <PasswordCard login={user.login} />
          <SessionsCard />
          <SignOutCard />
        </>
      )}
    </>
  );
}

function NameCard({ session, user }: SectionProps) {
  const { t } = useTranslation('settings');
  const change = useChangeMe();
  const [name, setName] = useState(user.preferred_name ?? '');

  function submit(event: FormEvent) {
    event.preventDefault();
    if (!change.isPending) change.mutate({ preferred_name: name.trim() || null });
  }

  return (
    <Card
      title={t('account.title')}
      intro={session.auth === 'on' ? t('account.signedInAs', { login: user.login }) : undefined}
    >
      <form onSubmit={submit} className="flex flex-col gap-4">
        <TextField
          label={t('account.name')}
          hint={t('account.nameHint')}
          value={name}
          onChange={({ target }) => setName(target.value)}
          autoComplete="nickname"
          maxLength={MAX_NAME_CHARS}
        />
        {change.error && <ErrorCard error={change.error} />}
        <div className="flex flex-wrap items-center gap-3">
          <Button type="submit" look="primary" busy={change.isPending}>
            {t('save')}
          </Button>
          <p role="status" className="text-soft text-sm">
            {change.isSuccess && t('saved')}
          </p>
        </div>
      </form>
    </Card>
  );
}

function SignOutCard() {
  const { t } = useTranslation(['settings', 'common']);
  const client = useQueryClient();
  const leave = useMutation({ mutationFn: () => signOut(client) });
  return (
    <Card title={t('common:nav.signOut')} intro={t('account.signOutIntro')}>
      <Button className="self-start" busy={leave.isPending} onClick={() => leave.mutate()}>
        {t('common:nav.signOut')}
      </Button>
      {leave.error && <ErrorCard error={leave.error} />}
    </Card>
  );
}
