/** The way back in, to the page that was asked for. */

import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'react-router';
import { api, ask } from '../../client/api';
import { useMe } from '../../client/session';
import { buttonClasses } from '../../ui/Button';
import { Page } from '../../ui/Page';
import { EntryForm } from './EntryForm';

export default function SignInPage() {
  const { t } = useTranslation('account');
  const { search } = useLocation();
  const { data: session } = useMe();
  const returning = new URLSearchParams(search).has('next');
  return (
    <Page
      title={t('signIn.title')}
      intro={returning ? t('signIn.returning') : t('signIn.intro')}
      width="narrow"
    >
      <EntryForm
        kind="known"
        submitLabel={t('signIn.submit')}
        enter={({ login, password }) =>
          ask(api.POST('/api/auth/login', { body: { login, password } }))
        }
      />
      <div className="flex flex-col gap-3 border-line border-t pt-5">
        {session && session.signup !== 'closed' && (
          <>
            <p className="text-soft text-sm">{t('signIn.noAccount')}</p>
            <Link to={`/sign-up${search}`} className={buttonClasses('secondary')}>
              {t('signUp.title')}
            </Link>
          </>
        )}
        <p className="text-soft text-sm">{t('signIn.forgotten')}</p>
      </div>
    </Page>
  );
}
