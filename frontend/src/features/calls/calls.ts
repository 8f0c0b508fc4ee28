/** Telephone calls as the server tells of them: going on, over, made and hung up. */

import { type QueryClient, queryOptions } from '@tanstack/react-query';
import { api, ask } from '../../client/api';
import type { components } from '../../client/schema';
import { t } from '../../i18n';

export type Call = components['schemas']['Call'];
type Dial = components['schemas']['Dial'];

const LIVE_EVERY_MS = 2_000;
/** As many as the server tells at once. */
const MOST_LIVE = 100;
const HISTORY_KEY = ['calls', 'ended'] as const;

export const liveQuery = queryOptions({
  queryKey: ['calls', 'live'],
  queryFn: async ({ signal }) => {
    const query = { state: 'live' as const, limit: MOST_LIVE };
    return (await ask(api.GET('/api/calls', { params: { query }, signal }))).calls;
  },
  refetchInterval: LIVE_EVERY_MS,
});

export const historyKey = HISTORY_KEY;

export function fetchEnded(cursor: string | null, signal: AbortSignal) {
  const query = { state: 'ended' as const, ...(cursor && { cursor }) };
  return ask(api.GET('/api/calls', { params: { query }, signal }));
}

export const dial = (body: Dial) => ask(api.POST('/api/calls', { body }));

export const hangUp = (id: string) =>
  ask(api.DELETE('/api/calls/{call_id}', { params: { path: { call_id: id } } }));

/** After a call began or ended by our doing. */
export const callsChanged = (client: QueryClient) =>
  client.invalidateQueries({ queryKey: ['calls'] });

/** Who is at the other end: the number alone, which is all that is known. */
export function numberOf({ direction, caller, called }: Call): string {
  return (direction === 'inbound' ? caller : called) ?? t('calls:unknownNumber');
}

/** Seconds it was spoken; null where nobody answered. */
export function spoken_s({ answered_at, ended_at }: Call, now_ms = Date.now()): number | null {
  if (answered_at === null) return null;
  const until_ms = ended_at === null ? now_ms : Date.parse(ended_at);
  return Math.max(0, (until_ms - Date.parse(answered_at)) / 1000);
}

export function reasonWords(reason: string | null): string | null {
  if (reason === null) return null;
  const known = t('calls:reasons', { returnObjects: true });
  return reason in known ? known[reason as keyof typeof known] : known.unknown;
}
