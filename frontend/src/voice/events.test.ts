import { describe, expect, it } from 'vitest';
import { parseAgentEvent } from './events';
import { transcriptActionFrom, withEvent } from './useAgentEvents';

const parse = (body: object) => parseAgentEvent(JSON.stringify(body));
const tool = { v: 1, type: 'tool', id: 'call_1', name: 'set_timer', state: 'started' };
const NO_NEWS = { stagesDown: [], latency_s: null, error: null };

describe('parsing', () => {
  it('reads a tool event and fills what is absent', () => {
    expect(parse({ ...tool, arguments: { minutes: 10 } })).toEqual({
      type: 'tool',
      id: 'call_1',
      name: 'set_timer',
      state: 'started',
      arguments: { minutes: 10 },
      result: null,
      duration_ms: null,
    });
  });

  it('reads turns, states of stages and errors', () => {
    expect(parse({ v: 1, type: 'turn', e2e_latency_s: 0.9 })).toEqual({
      type: 'turn',
      e2e_latency_s: 0.9,
      interrupted: false,
    });
    expect(parse({ v: 1, type: 'status', stage: 'tts', state: 'down' })).toMatchObject({
      stage: 'tts',
    });
    expect(parse({ v: 1, type: 'error', code: 'llm_timeout', message: 'Too slow.' })).toEqual({
      type: 'error',
      code: 'llm_timeout',
      message: 'Too slow.',
    });
  });

  it.each([
    ['no JSON', '{'],
    ['no object', '[]'],
    ['another version', JSON.stringify({ ...tool, v: 2 })],
    ['an unknown type', JSON.stringify({ v: 1, type: 'weather' })],
    ['an unknown tool state', JSON.stringify({ ...tool, state: 'dreaming' })],
    ['a tool without a name', JSON.stringify({ ...tool, name: '' })],
    ['an unknown stage', JSON.stringify({ v: 1, type: 'status', stage: 'vad', state: 'down' })],
    ['an error without a code', JSON.stringify({ v: 1, type: 'error' })],
  ])('ignores %s', (_what, text) => {
    expect(parseAgentEvent(text)).toBeNull();
  });

  it('takes a senseless latency for none', () => {
    expect(parse({ v: 1, type: 'turn', e2e_latency_s: -1 })).toMatchObject({ e2e_latency_s: null });
  });
});

describe('effects', () => {
  it('a started tool runs in the transcript', () => {
    const event = parse(tool);
    expect(event && transcriptActionFrom(event)).toMatchObject({
      type: 'tool',
      tool: { id: 'call_1', state: 'running' },
    });
  });

  it('a stage is down until it recovers, and is listed once', () => {
    const down = { type: 'status', stage: 'stt', state: 'down' } as const;
    const once = withEvent(withEvent(NO_NEWS, down), down);
    expect(once.stagesDown).toEqual(['stt']);
    expect(withEvent(once, { ...down, state: 'recovered' }).stagesDown).toEqual([]);
  });

  it('a finished turn clears the error before it', () => {
    const failed = withEvent(NO_NEWS, { type: 'error', code: 'x', message: null });
    const turn = { type: 'turn', e2e_latency_s: 1.2, interrupted: false } as const;
    expect(withEvent(failed, turn)).toEqual({ ...NO_NEWS, latency_s: 1.2 });
  });
});
