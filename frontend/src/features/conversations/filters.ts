/** What the history is narrowed down to, as the address keeps it: it survives a reload and "back". */

import type { Wanted } from './conversations';

export type Filters = {
  q: string;
  channel: 'web' | 'sip' | null;
  /** Days of this place, `2026-11-20`, both included; empty for none. */
  from: string;
  until: string;
};

const DAY = /^\d{4}-\d{2}-\d{2}$/;

export function filtersFrom(address: URLSearchParams): Filters {
  const channel = address.get('channel');
  return {
    q: address.get('q') ?? '',
    channel: channel === 'web' || channel === 'sip' ? channel : null,
    from: dayFrom(address.get('from')),
    until: dayFrom(address.get('until')),
  };
}

export function addressOf(filters: Filters): URLSearchParams {
  const entries = Object.entries(filters).filter((entry): entry is [string, string] => !!entry[1]);
  return new URLSearchParams(entries);
}

export function isNarrowed({ q, channel, from, until }: Filters): boolean {
  return q.trim() !== '' || channel !== null || from !== '' || until !== '';
}

export function wantedOf({ q, channel, from, until }: Filters): Wanted {
  return {
    q: q.trim(),
    channel,
    after: from === '' ? null : startOf(from, 0),
    before: until === '' ? null : startOf(until, 1),
  };
}

function dayFrom(text: string | null): string {
  return text !== null && DAY.test(text) && !Number.isNaN(Date.parse(text)) ? text : '';
}

/** Midnight here, not in Greenwich; days differ in length twice a year. */
function startOf(day: string, daysLater: number): string {
  const midnight = new Date(`${day}T00:00:00`);
  midnight.setDate(midnight.getDate() + daysLater);
  return midnight.toISOString();
}
