/** The first visit to a new server: whoever owns it makes the first account, an admin's. */

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, ask } from '../../client/api';
import { sessionChanged } from '../../client/session';
import { currentLanguage } from '../../i18n';
import { Button } from '../../ui/Button';
import { Page } from '../../ui/Page';
import { fieldId } from './EntryFields';
import { EntryForm } from './EntryForm';
import type { EntryField, Refusal } from './refusals';

export default function SetupPage() {
  const { t } = useTranslation('account');
  const client = useQueryClient();
  // On the server's own machine no code is wanted: it is asked for when the server says so.
  const [coded, setCoded] = useState(false);
  const [beaten, setBeaten] = useState(false);
  const asks = useMemo<EntryField[]>(
    () => (coded ? ['setup_code', 'preferred_name'] : ['preferred_name']),
    [coded],
  );
  const lookAgain = useMutation({ mutationFn: () => sessionChanged(client) });
  useEffect(() => {
    if (coded) document.getElementById(fieldId('setup_code'))?.focus();
  }, [coded]);

  function refused(refusals: readonly Refusal[]) {
    if (refusals.some(({ field }) => field === 'setup_code')) setCoded(true);
    if (refusals.some(({ reason }) => reason === 'already_set_up')) setBeaten(true);
  }

  return (
    <Page title={t('setup.title')} intro={t('setup.intro')} width="narrow">
      <EntryForm
        kind="new"
        asks={asks}
        submitLabel={t('setup.submit')}
        onRefused={refused}
        enter={(entered) =>
          ask(
            api.POST('/api/auth/setup', {
              body: {
                login: entered.login,
                password: entered.password,
                preferred_name: entered.preferred_name || null,
                language: currentLanguage(),
                setup_code: entered.setup_code || null,
              },
            }),
          )
        }
      />
      {beaten && (
        <Button busy={lookAgain.isPending} onClick={() => lookAgain.mutate()}>
          {t('signIn.title')}
        </Button>
      )}
    </Page>
  );
}
