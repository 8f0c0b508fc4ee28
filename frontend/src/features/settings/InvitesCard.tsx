/** Invitations: links that let one person each make an account. */

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, ask } from '../../client/api';
import type { components } from '../../client/schema';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { ErrorCard } from '../../ui/ErrorCard';
import { SelectField } from '../../ui/Field';
import { formatDate } from '../../ui/format';
import { useNews } from '../../ui/News';
import { Skeleton } from '../../ui/Spinner';
import { CopyField } from './CopyField';

type Invite = components['schemas']['Invite'];
type Role = Invite['role'];

const KEY = ['invites'];
const ROLES: readonly Role[] = ['member', 'admin'];

export function InvitesCard() {
  const { t } = useTranslation('settings');
  const client = useQueryClient();
  const { line: news, sayAndFocus } = useNews();
  const [role, setRole] = useState<Role>('member');
  const list = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => ask(api.GET('/api/invites', { signal })),
  });
  const changed = () => client.invalidateQueries({ queryKey: KEY });
  const create = useMutation({
    mutationFn: () => ask(api.POST('/api/invites', { body: { role, expires_in_days: 7 } })),
    onSettled: changed,
  });
  const revoke = useMutation({
    mutationFn: (id: string) =>
      ask(api.DELETE('/api/invites/{invite_id}', { params: { path: { invite_id: id } } })),
    onSuccess: async (_, id) => {
      if (create.data?.id === id) create.reset();
      await changed();
      sayAndFocus(t('invites.revoked'));
    },
    onError: changed,
  });
  const open = list.data?.invites.filter((invite) => invite.used_at === null) ?? [];
  return (
    <Card title={t('invites.title')} intro={t('invites.intro')}>
      <div className="flex flex-wrap items-end gap-3">
        <div className="min-w-40">
          <SelectField
            label={t('invites.role')}
            value={role}
            onChange={({ target }) =>
              setRole(ROLES.find((one) => one === target.value) ?? 'member')
            }
            options={ROLES.map((value) => ({ value, label: t(`people.roles.${value}`) }))}
          />
        </div>
        <Button busy={create.isPending} onClick={() => create.mutate()}>
          {t('invites.create')}
        </Button>
      </div>
      {create.error && <ErrorCard error={create.error} />}
      {create.data && <CopyField label={t('invites.link')} value={inviteLink(create.data.token)} />}
      {news}
      {list.isPending && <Skeleton rows={1} />}
      {list.error && (
        <ErrorCard error={list.error} onRetry={() => list.refetch()} retrying={list.isFetching} />
      )}
      {revoke.error && <ErrorCard error={revoke.error} />}
      {list.data && open.length === 0 && <p className="text-soft">{t('invites.none')}</p>}
      <ul className="flex flex-col divide-y divide-line empty:hidden">
        {open.map((invite) => (
          <li key={invite.id} className="flex flex-wrap items-center justify-between gap-3 py-3">
            <p>
              {t(`people.roles.${invite.role}`)}
              {' · '}
              {Date.parse(invite.expires_at) > Date.now()
                ? t('invites.until', { date: formatDate(invite.expires_at) })
                : t('invites.over')}
            </p>
            <Button
              busy={revoke.isPending && revoke.variables === invite.id}
              aria-label={t('invites.revokeOf', { date: formatDate(invite.created_at) })}
              onClick={() => revoke.mutate(invite.id)}
            >
              {t('invites.revoke')}
            </Button>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function inviteLink(token: string): string {
  return `${location.origin}/sign-up?invite=${encodeURIComponent(token)}`;
}
