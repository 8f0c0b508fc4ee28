/** The frame around every screen: skip link, header, and the screen itself. */

import { Suspense, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { Outlet, ScrollRestoration, useLocation } from 'react-router';
import { useMe } from '../client/session';
import { knownLanguage, showLanguage } from '../i18n';
import { Loading } from '../ui/Spinner';
import { CrashScreen } from './CrashScreen';
import { Header } from './Header';

export function Layout() {
  const { pathname } = useLocation();
  useLanguageOfUser();
  return (
    <div className="flex min-h-dvh flex-col">
      <SkipLink />
      <Header />
      {/* Keyed: another screen is a fresh start, for a crash and for waiting alike. */}
      <CrashScreen key={pathname}>
        <Suspense fallback={<Waiting />}>
          <Outlet />
        </Suspense>
      </CrashScreen>
      <ScrollRestoration />
    </div>
  );
}

function SkipLink() {
  const { t } = useTranslation();
  return (
    // biome-ignore lint/a11y/useValidAnchor: it is a link, only followed by hand.
    <a
      href="#main"
      className="sr-only z-50 rounded-full bg-ink px-5 py-3 text-canvas focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      onClick={(event) => {
        // Not a navigation: during a call that would ask whether to leave it.
        event.preventDefault();
        document.getElementById('main')?.focus();
      }}
    >
      {t('nav.skip')}
    </a>
  );
}

function Waiting() {
  return (
    <main id="main" tabIndex={-1} className="flex flex-1">
      <Loading />
    </main>
  );
}

/** The account's language wins over what this browser was last set to. */
function useLanguageOfUser(): void {
  const language = knownLanguage(useMe().data?.user?.language);
  useEffect(() => {
    if (language) void showLanguage(language);
  }, [language]);
}
