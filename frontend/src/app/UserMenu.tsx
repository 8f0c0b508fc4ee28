/** Who is signed in, and the way out. */

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { LogOut, Settings } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { signOut, type User } from '../client/session';
import { ErrorCard } from '../ui/ErrorCard';
import { Menu } from '../ui/Menu';

export default function UserMenu({ user }: { user: User }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const leaving = useMutation({ mutationFn: () => signOut(client) });
  const name = user.preferred_name || user.login;
  const trigger = (
    <button
      type="button"
      aria-label={t('nav.account', { name })}
      className="inline-flex size-11 items-center justify-center rounded-full hover:bg-raised"
    >
      <span
        aria-hidden
        className="inline-flex size-8 items-center justify-center rounded-full bg-accent-soft font-semibold text-accent text-sm uppercase"
      >
        {[...name][0]}
      </span>
    </button>
  );
  return (
    <>
      <Menu
        trigger={trigger}
        heading={name}
        items={[
          { label: t('nav.settings'), icon: Settings, to: '/settings' },
          {
            label: t('nav.signOut'),
            icon: LogOut,
            disabled: leaving.isPending,
            onSelect: () => leaving.mutate(),
          },
        ]}
      />
      {leaving.error && (
        <div className="absolute top-full right-4 z-40 w-80 max-w-[calc(100vw-2rem)] rounded-2xl bg-surface shadow-lg">
          <ErrorCard
            error={leaving.error}
            title={t('nav.signOutFailed')}
            onRetry={() => leaving.mutate()}
          />
        </div>
      )}
    </>
  );
}
