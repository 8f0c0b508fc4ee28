/** The history as the backend tells it: pages of it, one conversation, and the changes one can make. */

import type { QueryClient } from '@tanstack/react-query';
import { api, ask } from '../../client/api';
import type { components } from '../../client/schema';
import { t } from '../../i18n';
import { formatDateTime } from '../../ui/format';

export type Conversation = components['schemas']['Conversation'];
export type ConversationDetail = components['schemas']['ConversationDetail'];
export type Turn = components['schemas']['ToldTurn'];
export type Recording = components['schemas']['Recording'];

/** What the history is narrowed down to; instants in ISO 8601. */
export type Wanted = {
  q: string;
  channel: 'web' | 'sip' | null;
  after: string | null;
  before: string | null;
};

export type Slice = { conversations: Conversation[]; next_cursor: string | null };

const LIST_KEY = 'conversations';
const ONE_KEY = 'conversation';
export const listKey = (wanted: Wanted) => [LIST_KEY, wanted] as const;
export const oneKey = (id: string) => [ONE_KEY, id] as const;

export function fetchSlice(
  wanted: Wanted,
  cursor: string | null,
  signal: AbortSignal,
  limit?: number,
): Promise<Slice> {
  const { q, channel, after, before } = wanted;
  return ask(
    api.GET('/api/conversations', {
      params: {
        query: {
          ...(q && { q }),
          ...(channel && { channel }),
          ...(after && { after }),
          ...(before && { before }),
          ...(cursor && { cursor }),
          ...(limit && { limit }),
        },
      },
      signal,
    }),
  );
}

export function fetchOne(id: string, signal: AbortSignal): Promise<ConversationDetail> {
  return ask(
    api.GET('/api/conversations/{conversation_id}', {
      params: { path: { conversation_id: id } },
      signal,
    }),
  );
}

export function rename(id: string, title: string): Promise<Conversation> {
  return ask(
    api.PATCH('/api/conversations/{conversation_id}', {
      params: { path: { conversation_id: id } },
      body: { title: title.trim() || null },
    }),
  );
}

export function remove(id: string): Promise<unknown> {
  return ask(
    api.DELETE('/api/conversations/{conversation_id}', {
      params: { path: { conversation_id: id } },
    }),
  );
}

/** After a change: lists are read again, and so is the one conversation if it is still there. */
export async function changed(client: QueryClient, id: string, gone: boolean): Promise<void> {
  await Promise.all([
    client.invalidateQueries({ queryKey: [LIST_KEY] }),
    gone ? null : client.invalidateQueries({ queryKey: oneKey(id) }),
  ]);
}

/** Longer first words make no title. */
const TITLE_CHARS = 70;

/** What people call it: their own name for it, its first words, else its date. */
export function titleOf({ title, preview, started_at }: Conversation): string {
  if (title !== null) return title;
  if (preview === null) return t('conversations:untitled', { date: formatDateTime(started_at) });
  if (preview.length <= TITLE_CHARS) return preview;
  const head = preview.slice(0, TITLE_CHARS);
  return `${head.slice(0, head.lastIndexOf(' ')) || head}…`;
}

export function reasonWords(reason: string | null): string | null {
  if (reason === null) return null;
  const known = t('conversations:reasons', { returnObjects: true });
  return reason in known ? known[reason as keyof typeof known] : known.unknown;
}

export const exportPath = (id: string, format: 'json' | 'txt' | 'srt') =>
  `/api/conversations/${encodeURIComponent(id)}/export?format=${format}`;

export const recordingPath = (id: string, recordingId: string) =>
  `/api/conversations/${encodeURIComponent(id)}/recordings/${encodeURIComponent(recordingId)}`;
