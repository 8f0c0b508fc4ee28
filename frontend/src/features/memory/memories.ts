/** What is known about the user: read, said better, kept, forgotten, carried to and from a file. */

import type { QueryClient } from '@tanstack/react-query';
import { api, ask, requestJson } from '../../client/api';
import type { components } from '../../client/schema';

export type Memory = components['schemas']['Memory'];
export type Kind = Memory['kind'];
export type Imported = components['schemas']['ImportedMemories'];
export type Draft = { text: string; kind: Kind };

export const KINDS = ['fact', 'preference', 'note'] as const satisfies readonly Kind[];
export const MAX_TEXT_CHARS = 2_000;
/** What the server takes at most. */
export const MAX_FILE_BYTES = 20_000_000;
const IMPORT_TIMEOUT_MS = 60_000;
const KEY = 'memories';

export const memoriesKey = (proposed: boolean, q: string) => [KEY, { proposed, q }] as const;

export function fetchMemories(
  proposed: boolean,
  q: string,
  cursor: string | null,
  signal: AbortSignal,
) {
  const query = { proposed, ...(q && { q }), ...(cursor && { cursor }) };
  return ask(api.GET('/api/memories', { params: { query }, signal }));
}

export const add = (draft: Draft) => ask(api.POST('/api/memories', { body: draft }));

export const change = (id: string, body: Partial<Draft> & { proposed?: false }) =>
  ask(api.PATCH('/api/memories/{memory_id}', { params: { path: { memory_id: id } }, body }));

export const remove = (id: string) =>
  ask(api.DELETE('/api/memories/{memory_id}', { params: { path: { memory_id: id } } }));

export const forgetAll = () => ask(api.POST('/api/memories/forget-all'));

export const EXPORT_PATH = '/api/memories/export';

/** Raises SyntaxError for what is not JSON; all else is for the server to say. */
export async function importFile(file: Blob): Promise<Imported> {
  const body = await file.text();
  JSON.parse(body);
  const done = await requestJson('/api/memories/import', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    timeoutMs: IMPORT_TIMEOUT_MS,
  });
  return done as Imported;
}

export async function changed(client: QueryClient): Promise<void> {
  await client.invalidateQueries({ queryKey: [KEY] });
}

/** The very turn, where it is known. */
export function sourcePath({ conversation_id, turn_id }: Memory): string | null {
  if (conversation_id === null) return null;
  const turn = turn_id === null ? '' : `#turn-${encodeURIComponent(turn_id)}`;
  return `/conversations/${encodeURIComponent(conversation_id)}${turn}`;
}

/** For the name of a button: enough to tell it from its neighbours. */
export function inShort(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
}
