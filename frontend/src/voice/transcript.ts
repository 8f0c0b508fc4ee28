/** What was said in a call, as an ordered list that survives reconnects and the end of the call. */

import type { Citation, TurnTiming } from './events';
import { unreachable } from './unreachable';

export type Role = 'user' | 'agent';
export type ToolState = 'running' | 'finished' | 'failed' | 'cancelled';

export type SpeechEntry = {
  kind: 'speech';
  id: string;
  role: Role;
  text: string;
  /** Only an interim text may still change. */
  status: 'interim' | 'final' | 'interrupted';
  source: 'voice' | 'typed';
  /** Of a reply, once it is over. */
  timing: TurnTiming | null;
};

export type ToolEntry = {
  kind: 'tool';
  id: string;
  name: string;
  state: ToolState;
  arguments: unknown;
  result: unknown;
  duration_ms: number | null;
  citations: readonly Citation[];
};

/** The divider below what was said on another day. */
export const RECALLED_ID = 'recalled';
/** Marks where a new call begins below an older one. */
export type DividerEntry = { kind: 'divider'; id: string };

export type Entry = SpeechEntry | ToolEntry | DividerEntry;

export type TranscriptAction =
  | { type: 'heard'; id: string; role: Role; text: string; final: boolean }
  | { type: 'closed'; id: string }
  | { type: 'typed'; id: string; text: string }
  | { type: 'tool'; tool: Omit<ToolEntry, 'kind'> }
  | { type: 'interrupted' }
  /** The reply just given is over, and this is how it came about. */
  | { type: 'timed'; timing: TurnTiming }
  /** What was said before this visit goes above everything. */
  | { type: 'recalled'; entries: Transcript }
  /** It dropped out or the call is over: what it was about to say or do does not come. */
  | { type: 'agent_gone' }
  | { type: 'call_continued'; id: string }
  | { type: 'cleared' };

export type Transcript = readonly Entry[];

export function transcriptReducer(entries: Transcript, action: TranscriptAction): Transcript {
  switch (action.type) {
    case 'heard':
      return hear(entries, action);
    case 'closed':
      return settle(entries, (entry) => entry.id === action.id);
    case 'typed':
      return [...entries, speech(action.id, 'user', action.text, 'final', 'typed')];
    case 'tool':
      return upsertTool(entries, action.tool);
    case 'interrupted':
      return changeReply(entries, { status: 'interrupted' });
    case 'timed':
      return changeReply(entries, { timing: action.timing });
    case 'recalled':
      return recall(entries, action.entries);
    case 'agent_gone':
      return stopTools(settle(entries, () => true));
    case 'call_continued':
      return entries.length === 0 ? entries : [...entries, { kind: 'divider', id: action.id }];
    case 'cleared':
      return [];
    default:
      return unreachable(action);
  }
}

/** The entries of the call that is going on, without those of an earlier one kept above it. */
export function currentCall(entries: Transcript): Transcript {
  return entries.slice(entries.findLastIndex((entry) => entry.kind === 'divider') + 1);
}

export function lastSpeech(entries: Transcript, role: Role): SpeechEntry | null {
  return entries.filter(isSpeech).findLast((entry) => entry.role === role) ?? null;
}

export function runningTool(entries: Transcript): ToolEntry | null {
  return entries.filter(isTool).findLast((tool) => tool.state === 'running') ?? null;
}

function hear(
  entries: Transcript,
  news: { id: string; role: Role; text: string; final: boolean },
): Transcript {
  const status = news.final ? 'final' : 'interim';
  const known = entries.find((entry) => isSpeech(entry) && entry.id === news.id);
  // A recogniser may take back what it thought it heard: an empty final removes the interim text.
  if (news.text.trim() === '') {
    return news.final ? entries.filter((entry) => entry !== known) : entries;
  }
  if (!known) {
    return [...entries, speech(news.id, news.role, news.text, status, 'voice')];
  }
  return entries.map((entry) => {
    if (entry !== known || !isSpeech(entry)) return entry;
    // A late interim must not undo a final text.
    if (entry.status !== 'interim' && !news.final) return entry;
    const kept = entry.status === 'interrupted' ? 'interrupted' : status;
    return { ...entry, role: news.role, text: news.text, status: kept };
  });
}

function settle(entries: Transcript, matches: (entry: SpeechEntry) => boolean): Transcript {
  return entries.map((entry) =>
    isSpeech(entry) && entry.status === 'interim' && matches(entry)
      ? { ...entry, status: 'final' }
      : entry,
  );
}

function upsertTool(entries: Transcript, tool: Omit<ToolEntry, 'kind'>): Transcript {
  const known = entries.find((entry) => entry.kind === 'tool' && entry.id === tool.id);
  if (!known) return [...entries, { kind: 'tool', ...tool }];
  return entries.map((entry) => {
    if (entry !== known || entry.kind !== 'tool') return entry;
    // The end of a tool does not repeat what its start said.
    return { kind: 'tool', ...tool, arguments: tool.arguments ?? entry.arguments };
  });
}

function stopTools(entries: Transcript): Transcript {
  return entries.map((entry) =>
    entry.kind === 'tool' && entry.state === 'running' ? { ...entry, state: 'cancelled' } : entry,
  );
}

/** The newest words of the agent in this call: events come in order, and right after their reply. */
function changeReply(entries: Transcript, changes: Partial<SpeechEntry>): Transcript {
  const reply = lastSpeech(currentCall(entries), 'agent');
  return entries.map((entry) => (entry === reply ? { ...reply, ...changes } : entry));
}

/** Recalled again, it takes the place of what was recalled before. */
function recall(entries: Transcript, earlier: Transcript): Transcript {
  const before = entries.findIndex((entry) => entry.kind === 'divider' && entry.id === RECALLED_ID);
  const own = entries.slice(before + 1);
  return earlier.length === 0 ? own : [...earlier, { kind: 'divider', id: RECALLED_ID }, ...own];
}

function speech(
  id: string,
  role: Role,
  text: string,
  status: SpeechEntry['status'],
  source: SpeechEntry['source'],
): SpeechEntry {
  return { kind: 'speech', id, role, text, status, source, timing: null };
}

export function isSpeech(entry: Entry): entry is SpeechEntry {
  return entry.kind === 'speech';
}

export function isTool(entry: Entry): entry is ToolEntry {
  return entry.kind === 'tool';
}
