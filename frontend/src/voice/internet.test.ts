import { describe, expect, it } from 'vitest';
import { internetOf } from './internet';
import { type ToolEntry, type Transcript, transcriptReducer } from './transcript';

const tool = (name: string, fields: Partial<ToolEntry> = {}): ToolEntry => ({
  kind: 'tool',
  id: name,
  name,
  state: 'finished',
  arguments: null,
  result: null,
  duration_ms: null,
  citations: [],
  ...fields,
});

describe('the internet', () => {
  it.each<[string, boolean, Transcript, string]>([
    ['nothing may reach it', false, [tool('calculate')], 'off'],
    ['the agent may reach it', true, [], 'on'],
    ['it is searched now', true, [tool('web_search', { state: 'running' })], 'now'],
    ['it was searched', false, [tool('web_search')], 'on'],
    [
      'a tool brought sources along',
      false,
      [tool('ask_wiki', { citations: [{ title: 'Tides', url: 'https://sea.example/' }] })],
      'on',
    ],
  ])('%s: %s', (_case, allowed, entries, expected) => {
    expect(internetOf(allowed, entries)).toBe(expected);
  });

  it('that was used on another day says nothing of this call', () => {
    const recalled = transcriptReducer([], { type: 'recalled', entries: [tool('web_search')] });
    expect(internetOf(false, recalled)).toBe('off');
  });
});
