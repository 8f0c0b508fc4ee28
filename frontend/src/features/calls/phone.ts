/** The telephone and its lines as the server has them. */

import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { api, ask } from '../../client/api';
import type { components } from '../../client/schema';

export type Line = components['schemas']['Line'];
export type NewLine = components['schemas']['NewLine'];
export type LineChange = components['schemas']['LineChange'];
export type PhoneStatus = components['schemas']['PhoneStatus'];

const STATUS_EVERY_MS = 5_000;

export const statusQuery = queryOptions({
  queryKey: ['phone', 'status'],
  queryFn: ({ signal }) => ask(api.GET('/api/phone/status', { signal })),
  refetchInterval: STATUS_EVERY_MS,
});

export const linesQuery = queryOptions({
  queryKey: ['phone', 'lines'],
  queryFn: async ({ signal }) => (await ask(api.GET('/api/phone/lines', { signal }))).lines,
});

const at = (id: string) => ({ params: { path: { line_id: id } } });

export const addLine = (body: NewLine) => ask(api.POST('/api/phone/lines', { body }));
export const changeLine = (id: string, body: LineChange) =>
  ask(api.PATCH('/api/phone/lines/{line_id}', { ...at(id), body }));
export const removeLine = (id: string) => ask(api.DELETE('/api/phone/lines/{line_id}', at(id)));

/** A change of a line: what is told of it is asked again. */
export function useLineChange<Input, Output>(change: (input: Input) => Promise<Output>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () => client.invalidateQueries({ queryKey: ['phone'] }),
  });
}

export const WARNINGS = ['anyAddress', 'noPin', 'forged', 'plain'] as const;
export type Warning = (typeof WARNINGS)[number];

/** The server takes none wider without a password. */
const WIDEST_BITS = { four: 8, six: 19 };

type Openness = Pick<
  Line,
  'allowed_addresses' | 'has_pin' | 'trusted_callers' | 'transport' | 'media_encryption'
>;

/** What a line leaves open to strangers, told rather than forbidden. */
export function warningsOf(line: Openness): Warning[] {
  const found: Record<Warning, boolean> = {
    anyAddress: line.allowed_addresses.length === 0 || line.allowed_addresses.some(isWide),
    noPin: !line.has_pin && line.trusted_callers.length === 0,
    forged: !line.has_pin && line.trusted_callers.length > 0,
    plain: line.transport !== 'tls' || line.media_encryption !== 'require',
  };
  return WARNINGS.filter((warning) => found[warning]);
}

/** As wide as the internet, or nearly: no telephone company has that many. */
function isWide(network: string): boolean {
  const widest = network.includes(':') ? WIDEST_BITS.six : WIDEST_BITS.four;
  return Number(network.split('/')[1] ?? widest) < widest;
}

/** What a call came or went by; a line may be gone while its calls stay listed. */
export function lineName(lines: readonly Line[], id: string | null): string | null {
  if (id === null) return null;
  return lines.find((line) => line.id === id)?.name ?? null;
}
