/** Who is signed in, and whether this server asks for that at all. */

import { type QueryClient, queryOptions, useQuery } from '@tanstack/react-query';
import { api, ask } from './api';
import type { components } from './schema';

export type User = components['schemas']['Me'];
export type Session = components['schemas']['AuthState'];

const FRESH_MS = 60_000;

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => ask(api.GET('/api/auth', { signal })),
  staleTime: FRESH_MS,
});

export function useMe() {
  return useQuery(sessionQuery);
}

/** After signing in or out: nothing of the one person may be shown to the next. */
export async function sessionChanged(client: QueryClient): Promise<void> {
  client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionQuery.queryKey[0] });
  await client.fetchQuery({ ...sessionQuery, staleTime: 0 });
}

export async function signOut(client: QueryClient): Promise<void> {
  await ask(api.POST('/api/auth/logout'));
  await sessionChanged(client);
}
