/** What was said in an earlier visit, in the form of the transcript. */

import { isRecord } from '../../client/ApiError';
import { api, ask } from '../../client/api';
import { timesFrom } from '../../voice/events';
import type { Entry, SpeechEntry } from '../../voice/transcript';

export async function fetchConversation(id: string, signal: AbortSignal) {
  return ask(
    api.GET('/api/conversations/{conversation_id}', {
      params: { path: { conversation_id: id } },
      signal,
    }),
  );
}

export type KeptConversation = Awaited<ReturnType<typeof fetchConversation>>;
type KeptTurn = KeptConversation['turns'][number];

export function entriesOf(turns: readonly KeptTurn[]): Entry[] {
  return turns.flatMap((turn) => [...toolsOf(turn), ...speechOf(turn)]);
}

function toolsOf(turn: KeptTurn): Entry[] {
  return turn.tools.map((tool, place) => ({
    kind: 'tool',
    id: `${turn.id}:${place}`,
    name: tool.name,
    state: failed(tool.result) ? 'failed' : 'finished',
    arguments: tool.arguments ?? null,
    result: tool.result ?? null,
    duration_ms: null,
    citations: [],
  }));
}

/** Of a reply that was cut off, what was heard. */
function speechOf(turn: KeptTurn): SpeechEntry[] {
  const agent = turn.role === 'assistant';
  const text = (agent ? turn.heard_text : null) ?? turn.text;
  if (text.trim() === '') return [];
  return [
    {
      kind: 'speech',
      id: turn.id,
      role: agent ? 'agent' : 'user',
      text,
      status: turn.interrupted ? 'interrupted' : 'final',
      source: 'voice',
      timing: agent
        ? { times: timesFrom(turn.timing), preemptive: false, discarded: 0, fallbacks: [] }
        : null,
    },
  ];
}

function failed(result: unknown): boolean {
  return isRecord(result) && isRecord(result.error);
}
