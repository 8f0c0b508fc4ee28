/** Chooses whether the agent remembers by itself, asks first, or remembers nothing new. */

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import { api, ask } from '../../client/api';
import type { components } from '../../client/schema';
import { sessionQuery, type User } from '../../client/session';
import { Card } from '../../ui/Card';
import { ErrorCard } from '../../ui/ErrorCard';

type Policy = User['memory_policy'];
type Change = components['schemas']['MeChange'];
const POLICIES = ['auto', 'ask', 'off'] as const satisfies readonly Policy[];

export function PolicyCard({ user }: { user: User }) {
  const { t } = useTranslation('memory');
  const client = useQueryClient();
  const name = useId();
  const save = useMutation({
    mutationFn: (memory_policy: Policy) =>
      // What is left out stays; the schema's defaults read as if all had to be sent.
      ask(api.PATCH('/api/me', { body: { memory_policy } as Change })),
    onSuccess: (me) =>
      client.setQueryData(sessionQuery.queryKey, (session) => session && { ...session, user: me }),
  });
  // What was chosen shows at once; refused, it goes back.
  const chosen = save.isPending ? save.variables : user.memory_policy;
  return (
    <Card title={t('policy.title')}>
      <div role="radiogroup" aria-label={t('policy.title')} className="flex flex-col gap-1">
        {POLICIES.map((policy) => (
          <label
            key={policy}
            className="flex min-h-11 cursor-pointer items-start gap-3 rounded-2xl p-2 hover:bg-raised"
          >
            <input
              type="radio"
              name={name}
              value={policy}
              checked={chosen === policy}
              onChange={() => save.mutate(policy)}
              aria-describedby={`${name}-${policy}`}
              aria-label={t(`policy.${policy}`)}
              className="mt-1 size-4 shrink-0 accent-accent"
            />
            <span>
              <span className="block font-medium">{t(`policy.${policy}`)}</span>
              <span id={`${name}-${policy}`} className="block text-soft text-sm">
                {t(`policy.${policy}Hint`)}
              </span>
            </span>
          </label>
        ))}
      </div>
      <p role="status" className="sr-only">
        {save.isSuccess && t('policy.saved')}
      </p>
      {save.error && <ErrorCard error={save.error} title={t('policy.failed')} />}
    </Card>
  );
}
