/** Who has an account here, who is invited, and what was done: for admins. */

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Ellipsis } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../../client/ApiError';
import { api, ask } from '../../client/api';
import type { components } from '../../client/schema';
import { Badge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import ConfirmDialog from '../../ui/ConfirmDialog';
import { ErrorCard } from '../../ui/ErrorCard';
import { formatDate, formatRelative } from '../../ui/format';
import { Menu } from '../../ui/Menu';
import { useNews } from '../../ui/News';
import { Skeleton } from '../../ui/Spinner';
import { AuditCard, USERS_QUERY } from './AuditCard';
import { InvitesCard } from './InvitesCard';
import type { SectionProps } from './SettingsPage';

type Person = components['schemas']['Users']['users'][number];
type Change = components['schemas']['UserChange'];

export default function PeopleSection({ user }: SectionProps) {
  return (
    <>
      <UsersCard ownId={user.id} />
      <InvitesCard />
      <AuditCard />
    </>
  );
}

function UsersCard({ ownId }: { ownId: string }) {
  const { t } = useTranslation('settings');
  const client = useQueryClient();
  const { line: news, sayAndFocus } = useNews();
  const [leaving, setLeaving] = useState<Person | null>(null);
  const list = useQuery({
    queryKey: USERS_QUERY,
    queryFn: ({ signal }) => ask(api.GET('/api/users', { signal })),
  });
  const changed = () => client.invalidateQueries({ queryKey: USERS_QUERY });
  const change = useMutation({
    mutationFn: ({ id, body }: { id: string; body: Change }) =>
      ask(api.PATCH('/api/users/{user_id}', { params: { path: { user_id: id } }, body })),
    onSettled: changed,
  });
  const remove = useMutation({
    mutationFn: ({ id }: Person) =>
      ask(api.DELETE('/api/users/{user_id}', { params: { path: { user_id: id } } })),
    onSuccess: async (_, { login }) => {
      // Closed first: while it is open it keeps the focus.
      setLeaving(null);
      await changed();
      sayAndFocus(t('people.removed', { login }));
    },
    onError: changed,
  });
  return (
    <Card title={t('people.title')}>
      {news}
      {list.isPending && <Skeleton />}
      {list.error && (
        <ErrorCard error={list.error} onRetry={() => list.refetch()} retrying={list.isFetching} />
      )}
      {change.error && <PersonError error={change.error} />}
      <ul className="flex flex-col divide-y divide-line">
        {list.data?.users.map((person) => (
          <PersonItem
            key={person.id}
            person={person}
            own={person.id === ownId}
            onChange={(body) => change.mutate({ id: person.id, body })}
            onRemove={() => {
              remove.reset();
              setLeaving(person);
            }}
          />
        ))}
      </ul>
      <ConfirmDialog
        open={leaving !== null}
        onClose={() => setLeaving(null)}
        onConfirm={() => leaving && remove.mutate(leaving)}
        title={t('people.removeTitle', { login: leaving?.login ?? '' })}
        body={t('people.removeBody')}
        confirmLabel={t('people.remove')}
        typed={leaving?.login}
        busy={remove.isPending}
        error={remove.error}
      />
    </Card>
  );
}

type ItemProps = {
  person: Person;
  own: boolean;
  onChange: (body: Change) => void;
  onRemove: () => void;
};

function PersonItem({ person, own, onChange, onRemove }: ItemProps) {
  const { t } = useTranslation('settings');
  const { login, role, disabled } = person;
  return (
    <li className="flex items-center justify-between gap-3 py-3">
      <div className="min-w-0">
        <p className="flex flex-wrap items-center gap-2 font-medium">
          {login}
          {role === 'admin' && <Badge>{t('people.roles.admin')}</Badge>}
          {disabled && <Badge tone="bad">{t('people.disabled')}</Badge>}
          {own && <Badge tone="good">{t('people.you')}</Badge>}
        </p>
        <p className="text-soft text-sm">
          {t('people.since', { date: formatDate(person.created_at) })}
          {' · '}
          {person.last_seen_at
            ? t('people.seen', { when: formatRelative(person.last_seen_at) })
            : t('people.neverSeen')}
        </p>
      </div>
      {/* Oneself is left to the account part: nobody locks themselves out by a slip here. */}
      {!own && (
        <Menu
          trigger={
            <Button look="quiet" className="px-3" aria-label={t('people.actions', { login })}>
              <Ellipsis aria-hidden size={20} />
            </Button>
          }
          heading={login}
          items={[
            role === 'admin'
              ? { label: t('people.makeMember'), onSelect: () => onChange({ role: 'member' }) }
              : { label: t('people.makeAdmin'), onSelect: () => onChange({ role: 'admin' }) },
            disabled
              ? { label: t('people.enable'), onSelect: () => onChange({ disabled: false }) }
              : { label: t('people.disable'), onSelect: () => onChange({ disabled: true }) },
            { label: t('people.remove'), danger: true, onSelect: onRemove },
          ]}
        />
      )}
    </li>
  );
}

function PersonError({ error }: { error: Error }) {
  const { t } = useTranslation('settings');
  if (!(error instanceof ApiError) || error.code !== 'last_admin')
    return <ErrorCard error={error} />;
  return (
    <p role="alert" className="text-danger">
      {t('people.lastAdmin')}
    </p>
  );
}
