/** Who is signed in, and whether this server asks for that at all. */

import { type QueryClient, queryOptions, useQuery } from '@tanstack/react-query';
import { ApiError } from './ApiError';
import { requestJson } from './api';

export type Signup = 'open' | 'invite' | 'closed';
export type User = {
  id: string;
  login: string;
  preferred_name: string | null;
  language: string | null;
  role: 'user' | 'admin';
  memory_policy: 'auto' | 'ask' | 'off';
  record_calls: boolean;
  retention_days: number | null;
  created_at: string;
};
export type Session = {
  auth: 'on' | 'off';
  signup: Signup;
  setup_needed: boolean;
  recording_allowed: boolean;
  /** With accounts off the one local user, or null if the server keeps none. */
  user: User | null;
};

const NO_ACCOUNTS: Session = {
  auth: 'off',
  signup: 'closed',
  setup_needed: false,
  recording_allowed: false,
  user: null,
};

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => fetchSession(signal),
  staleTime: 60_000,
});

export function useMe() {
  return useQuery(sessionQuery);
}

/** After signing in or out: nothing of the one person may be shown to the next. */
export async function sessionChanged(client: QueryClient): Promise<void> {
  client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' });
  await client.fetchQuery({ ...sessionQuery, staleTime: 0 });
}

export async function fetchSession(signal?: AbortSignal): Promise<Session> {
  try {
    return (await requestJson('/api/auth', { signal })) as Session;
  } catch (error) {
    // A backend without accounts has one user and never asks who it is.
    if (error instanceof ApiError && error.status === 404) return NO_ACCOUNTS;
    throw error;
  }
}

export async function signOut(client: QueryClient): Promise<void> {
  await requestJson('/api/auth/logout', { method: 'POST' });
  await sessionChanged(client);
}
