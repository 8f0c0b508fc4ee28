/** The way back to where somebody was before signing in. */

export function signInPath(from: string): string {
  return from === '/' ? '/sign-in' : `/sign-in?next=${encodeURIComponent(from)}`;
}

/** Only a path of this app: a link with another site in `next` must not lead there. */
export function nextPath(search: string): string {
  const next = new URLSearchParams(search).get('next');
  if (!next) return '/';
  const base = 'http://here';
  const url = URL.canParse(next, base) ? new URL(next, base) : null;
  if (!next.startsWith('/') || url?.origin !== base) return '/';
  // Dots are gone only now: `/.//evil` has become `//evil`.
  if (url.pathname.startsWith('//') || url.pathname.startsWith('/sign-')) return '/';
  return url.pathname + url.search + url.hash;
}
