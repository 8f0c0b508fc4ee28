/** API keys as the screens know them, and what they were used for, put together. */

import type { components } from '../../client/schema';

export type ApiKey = components['schemas']['ApiKey'];
export type MadeApiKey = components['schemas']['MadeApiKey'];
export type NewApiKey = components['schemas']['NewApiKey'];
type Usage = components['schemas']['Usage'];

export const KEYS_QUERY = ['keys'];
export const USAGE_QUERY = ['usage'];
export const SCOPES = ['stt', 'llm', 'tts'] as const;
export type Scope = (typeof SCOPES)[number];

const DAY_MS = 86_400_000;

export type KeyState = 'works' | 'ends' | 'expired' | 'revoked';

/** `ends`: it works, but not for ever. */
export function stateOf(key: ApiKey, now_ms = Date.now()): KeyState {
  if (key.revoked_at !== null && Date.parse(key.revoked_at) <= now_ms) return 'revoked';
  if (key.expires_at === null) return key.revoked_at === null ? 'works' : 'ends';
  return Date.parse(key.expires_at) <= now_ms ? 'expired' : 'ends';
}

export function endOf(key: ApiKey): string | null {
  const ends = [key.expires_at, key.revoked_at].filter((end) => end !== null);
  return ends.sort()[0] ?? null;
}

export type UsageRow = {
  id: string;
  /** Null: used in the web app, without a key. */
  keyName: string | null;
  service: Scope;
  requests: number;
  audio_s: number;
  tokens: number;
  characters: number;
  /** Oldest first, a day without use is 0. */
  days: { day: string; requests: number }[];
};

/** One row a key and service, the most used first. `today`: `2026-11-21`, UTC as the server's. */
export function usageRows(usage: readonly Usage[], days: number, today: string): UsageRow[] {
  const calendar = lastDays(days, today);
  const rows = new Map<string, UsageRow>();
  for (const one of usage) {
    const id = `${one.key_id ?? ''} ${one.service}`;
    const row = rows.get(id) ?? {
      id,
      keyName: one.key_name,
      service: one.service,
      requests: 0,
      audio_s: 0,
      tokens: 0,
      characters: 0,
      days: calendar.map((day) => ({ day, requests: 0 })),
    };
    row.requests += one.requests;
    row.audio_s += one.audio_s;
    row.tokens += one.tokens;
    row.characters += one.characters;
    const bar = row.days.find(({ day }) => day === one.day);
    if (bar) bar.requests += one.requests;
    rows.set(id, row);
  }
  return [...rows.values()].sort((a, b) => b.requests - a.requests);
}

function lastDays(count: number, today: string): string[] {
  const end_ms = Date.parse(`${today}T00:00:00Z`);
  return Array.from({ length: count }, (_, place) =>
    new Date(end_ms - (count - 1 - place) * DAY_MS).toISOString().slice(0, 10),
  );
}
