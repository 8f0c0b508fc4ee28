/** What the server says of its services, and the words for each. */

import { queryOptions } from '@tanstack/react-query';
import { api, ask } from '../../client/api';
import type { components } from '../../client/schema';

export type Status = components['schemas']['Status'];
export type Service = Status['services'][number];
export type Download = Status['downloads'][number];

/** As often as the server looks itself. */
const LOOK_EVERY_MS = 10_000;
/** Whoever waits for a download wants to see it move. */
const LOOK_EVERY_MS_AT_DOWNLOADS = 2_000;

export const statusQuery = queryOptions({
  queryKey: ['health'],
  queryFn: ({ signal }) => ask(api.GET('/api/health', { signal })),
  // The page is left alone while nobody sees it.
  refetchInterval: ({ state }) =>
    state.data?.downloads.some(isUnderway) ? LOOK_EVERY_MS_AT_DOWNLOADS : LOOK_EVERY_MS,
  staleTime: 0,
});

/** It comes by itself; the others need somebody, or time. */
export function isUnderway({ phase }: Download): boolean {
  return phase !== 'failed' && phase !== 'offline';
}

/** What needs looking at comes first; else the order of the server. */
export function worstFirst(services: readonly Service[]): Service[] {
  const rank = { unready: 0, unknown: 1, ready: 2 } as const;
  return [...services].sort((a, b) => rank[a.state] - rank[b.state]);
}
