/** The top of every screen: name, where to go, language or account, theme. */

import { Menu as MenuIcon, X } from 'lucide-react';
import { lazy, Suspense, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, NavLink, useLocation } from 'react-router';
import { useMe } from '../client/session';
import { LanguageSelect } from './LanguageSelect';
import { Logo } from './Logo';
import { ThemeToggle } from './ThemeToggle';

// Menus bring a library along that no other part of the first page needs.
const UserMenu = lazy(() => import('./UserMenu'));

const SCREENS = [
  { to: '/', name: 'talk' },
  { to: '/conversations', name: 'conversations' },
  { to: '/calls', name: 'calls' },
  { to: '/memory', name: 'memory' },
  { to: '/personas', name: 'personas' },
  { to: '/settings', name: 'settings' },
  { to: '/health', name: 'health' },
] as const;

/** The telephone is its owner's: others are told nothing of it. */
const OF_ADMINS = '/calls';

export function Header() {
  const { data: session } = useMe();
  const { t } = useTranslation();
  const inside = session?.auth === 'off' || Boolean(session?.user);
  const name = (
    <>
      <Logo />
      {t('product')}
    </>
  );
  const look = 'flex min-h-11 items-center gap-2.5 rounded-lg font-semibold text-lg tracking-tight';
  return (
    <header className="relative flex shrink-0 items-center gap-2 px-4 py-2 sm:px-6 sm:py-3">
      {inside ? (
        <Link to="/" className={look}>
          {name}
        </Link>
      ) : (
        <span className={look}>{name}</span>
      )}
      {inside && <Navigation admin={session?.auth === 'off' || session?.user?.role === 'admin'} />}
      <div className="ml-auto flex items-center gap-1">
        {session && !inside && <LanguageSelect />}
        <ThemeToggle />
        {session?.auth === 'on' && session.user && (
          <Suspense fallback={<span className="size-11" />}>
            <UserMenu user={session.user} />
          </Suspense>
        )}
      </div>
    </header>
  );
}

/** A row of links where there is room, else the same links behind one button. */
function Navigation({ admin }: { admin: boolean }) {
  const { t } = useTranslation();
  const { pathname } = useLocation();
  const [open, setOpen] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: arriving anywhere closes it.
  useEffect(() => setOpen(false), [pathname]);
  const Icon = open ? X : MenuIcon;
  return (
    <nav
      aria-label={t('nav.label')}
      className="order-last lg:order-none lg:ml-6"
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !open) return;
        event.preventDefault();
        setOpen(false);
        event.currentTarget.querySelector('button')?.focus();
      }}
    >
      <button
        type="button"
        aria-expanded={open}
        aria-controls="screens"
        onClick={() => setOpen(!open)}
        className="inline-flex min-h-11 items-center gap-2 rounded-full px-3 hover:bg-raised lg:hidden"
      >
        <Icon aria-hidden size={20} />
        <span className="max-sm:sr-only">{t('nav.menu')}</span>
      </button>
      <ul
        id="screens"
        className={`${open ? 'flex' : 'hidden'} absolute inset-x-2 top-full z-30 flex-col gap-1 rounded-2xl border border-line bg-surface p-2 shadow-lg lg:static lg:flex lg:flex-row lg:border-0 lg:bg-transparent lg:p-0 lg:shadow-none`}
      >
        {SCREENS.filter(({ to }) => admin || to !== OF_ADMINS).map(({ to, name }) => (
          <li key={to}>
            {/* A NavLink sets aria-current by itself. */}
            <NavLink
              to={to}
              end={to === '/'}
              className="flex min-h-11 items-center rounded-full px-3.5 text-soft transition-colors hover:bg-raised hover:text-ink aria-[current=page]:bg-accent-soft aria-[current=page]:font-medium aria-[current=page]:text-accent lg:text-sm forced-colors:aria-[current=page]:underline"
            >
              {t(`nav.${name}`)}
            </NavLink>
          </li>
        ))}
      </ul>
    </nav>
  );
}
