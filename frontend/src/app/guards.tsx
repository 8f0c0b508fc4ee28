/** Who may see what: sends people to sign in, or to set up a new server, and back again. */

import { useEffect, useRef } from 'react';
import { type Location, Outlet, useLocation, useNavigate } from 'react-router';
import { type Session, useMe } from '../client/session';
import { ErrorCard } from '../ui/ErrorCard';
import { Loading } from '../ui/Spinner';
import { nextPath, signInPath } from './nextPath';

/** Screens of a signed-in person; all are open on a server without accounts. */
export function ForUsers() {
  return <Guard detour={detourOfUsers} />;
}

/** Screens that make no sense to somebody who is signed in. */
export function ForGuests() {
  return <Guard detour={detourOfGuests} />;
}

export function detourOfUsers(session: Session, at: Location) {
  if (session.auth === 'off' || session.user) return null;
  return session.setup_needed ? '/setup' : signInPath(at.pathname + at.search + at.hash);
}

export function detourOfGuests(session: Session, at: Pick<Location, 'pathname' | 'search'>) {
  if (session.auth === 'off' || session.user) return nextPath(at.search);
  if (session.setup_needed) return at.pathname === '/setup' ? null : '/setup';
  return at.pathname === '/setup' ? '/sign-in' : null;
}

type Detour = (session: Session, at: Location) => string | null;

function Guard({ detour }: { detour: Detour }) {
  const me = useMe();
  const location = useLocation();
  const navigate = useNavigate();
  const target = me.data ? detour(me.data, location) : null;
  useEffect(() => {
    if (target !== null) void navigate(target, { replace: true });
  }, [target, navigate]);

  // A screen that is up stays until its successor is: signed out during a call, people are asked
  // before it ends, and after signing in the form does not blink.
  const up = useRef(false);
  if (me.data && target === null) up.current = true;
  if (up.current) return <Outlet />;
  if (me.isError && !me.data) {
    return (
      <main id="main" tabIndex={-1} className="mx-auto w-full max-w-xl px-4 py-8">
        <ErrorCard error={me.error} onRetry={() => me.refetch()} retrying={me.isFetching} />
      </main>
    );
  }
  return (
    <main id="main" tabIndex={-1} className="flex flex-1">
      <Loading />
    </main>
  );
}
