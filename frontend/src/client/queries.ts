/** What the server knows, kept in the browser: one cache with rules for stale and failed answers. */

import { QueryClient } from '@tanstack/react-query';
import { ApiError } from './ApiError';

const FRESH_MS = 10_000;
const RETRIES = 2;
const LONGEST_WAIT_MS = 8_000;

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // A server on this machine answers without any network: browsers call that offline.
        networkMode: 'always',
        refetchOnReconnect: true,
        staleTime: FRESH_MS,
        retry: (failures, error) => failures < RETRIES && mayPass(error),
        retryDelay: waitBefore,
      },
      // Sent twice, a change may be made twice: trying again is a person's decision.
      mutations: { networkMode: 'always', retry: false },
    },
  });
}

/** The same request gets the same refusal (4xx); a lost or overloaded server may be back. */
function mayPass(error: Error): boolean {
  return error instanceof ApiError && (error.status === null || error.status >= 500);
}

function waitBefore(failures: number, error: Error): number {
  const asked_s = error instanceof ApiError ? error.retryAfterS : null;
  return Math.min((asked_s ?? 0.5 * 2 ** failures) * 1000, LONGEST_WAIT_MS);
}
