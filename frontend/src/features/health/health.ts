/** What the server says of its services, and the words for each. */

import { queryOptions } from '@tanstack/react-query';
import { api, ask } from '../../client/api';
import type { components } from '../../client/schema';

export type Status = components['schemas']['Status'];
export type Service = Status['services'][number];

/** As often as the server looks itself. */
const LOOK_EVERY_MS = 10_000;

export const statusQuery = queryOptions({
  queryKey: ['health'],
  queryFn: ({ signal }) => ask(api.GET('/api/health', { signal })),
  // The page is left alone while nobody sees it.
  refetchInterval: LOOK_EVERY_MS,
  staleTime: 0,
});

/** What needs looking at comes first; else the order of the server. */
export function worstFirst(services: readonly Service[]): Service[] {
  const rank = { unready: 0, unknown: 1, ready: 2 } as const;
  return [...services].sort((a, b) => rank[a.state] - rank[b.state]);
}
