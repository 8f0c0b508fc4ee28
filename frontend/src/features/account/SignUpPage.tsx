/** A new account, by invitation where the server asks for one. */

import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'react-router';
import { api, ask } from '../../client/api';
import { type Session, useMe } from '../../client/session';
import { currentLanguage } from '../../i18n';
import { buttonClasses } from '../../ui/Button';
import { Page } from '../../ui/Page';
import { EntryForm } from './EntryForm';
import type { EntryField } from './refusals';

export default function SignUpPage() {
  const { t } = useTranslation('account');
  const { search } = useLocation();
  const { data: session } = useMe();
  if (!session) return null;
  const closed = session.signup === 'closed';
  return (
    <Page
      title={t('signUp.title')}
      intro={closed ? t('refusals.signup_closed') : t('signUp.intro')}
      width="narrow"
    >
      {!closed && <SignUpForm mode={session.signup} search={search} />}
      <div className="flex flex-col gap-3 border-line border-t pt-5">
        <p className="text-soft text-sm">{t('signUp.haveAccount')}</p>
        <Link to={`/sign-in${withoutInvite(search)}`} className={buttonClasses('secondary')}>
          {t('signIn.title')}
        </Link>
      </div>
    </Page>
  );
}

function SignUpForm({ mode, search }: { mode: Session['signup']; search: string }) {
  const { t } = useTranslation('account');
  const invite = new URLSearchParams(search).get('invite') ?? '';
  const invited = mode === 'invite' || invite !== '';
  const asks = useMemo<EntryField[]>(
    () => (invited ? ['invite', 'preferred_name'] : ['preferred_name']),
    [invited],
  );
  return (
    <EntryForm
      kind="new"
      asks={asks}
      given={{ invite }}
      submitLabel={t('signUp.submit')}
      enter={(entered) =>
        ask(
          api.POST('/api/auth/sign-up', {
            body: {
              login: entered.login,
              password: entered.password,
              preferred_name: entered.preferred_name || null,
              language: currentLanguage(),
              invite: entered.invite || null,
            },
          }),
        )
      }
    />
  );
}

function withoutInvite(search: string): string {
  const kept = new URLSearchParams(search);
  kept.delete('invite');
  return kept.size > 0 ? `?${kept}` : '';
}
