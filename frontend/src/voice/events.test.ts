import { describe, expect, it } from 'vitest';
import { parseAgentEvent } from './events';
import { NO_NEWS, newsOf, transcriptActionsFrom, withEvent } from './useAgentEvents';

const parse = (body: object) => parseAgentEvent(JSON.stringify(body));
const tool = { v: 1, type: 'tool', id: 'call_1', name: 'set_timer', state: 'started' };
const SLOW_TURN = {
  v: 1,
  type: 'turn',
  e2e_latency_s: 0.9,
  fallbacks: ['tts', 'vad'],
  discarded: 1,
};

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
      citations: [],
    });
  });

  it('reads turns, states of stages and errors', () => {
    expect(parse(SLOW_TURN)).toMatchObject({
      type: 'turn',
      timing: {
        times: { e2e_latency_s: 0.9, first_sound_at_s: null },
        preemptive: false,
        discarded: 1,
        fallbacks: ['tts'],
      },
      interrupted: false,
    });
    const since = '2026-11-21T18:00:00.000+00:00';
    expect(parse({ v: 1, type: 'status', stage: 'tts', state: 'down', since })).toMatchObject({
      stage: 'tts',
      since_ms: Date.parse(since),
    });
    expect(parse({ v: 1, type: 'agent', persona: 'p1', internet: true })).toEqual({
      type: 'agent',
      persona: 'p1',
      internet: true,
    });
    expect(parse({ v: 1, type: 'recording', state: 'started' })).toEqual({
      type: 'recording',
      on: true,
    });
    expect(parse({ v: 1, type: 'error', code: 'llm_timeout', message: 'Too slow.' })).toEqual({
      type: 'error',
      code: 'llm_timeout',
      message: 'Too slow.',
    });
    expect(parse({ v: 1, type: 'ended', reason: 'user_silent' })).toEqual({
      type: 'ended',
      reason: 'user_silent',
    });
  });

  it('keeps of the citations those that lead to the web', () => {
    const citations = [
      { title: 'Tides', url: 'https://sea.example/tides' },
      { title: '', url: 'http://sea.example' },
      { title: 'Click', url: 'javascript:alert(1)' },
      { title: 'Mail', url: 'mailto:a@sea.example' },
      { title: 'Nowhere', url: 'nowhere' },
      'https://sea.example',
    ];
    expect(parse({ ...tool, citations })).toMatchObject({
      citations: [
        { title: 'Tides', url: 'https://sea.example/tides' },
        { title: 'sea.example', url: 'http://sea.example/' },
      ],
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
    ['an unknown state', JSON.stringify({ v: 1, type: 'status', stage: 'stt', state: 'odd' })],
    ['an unknown end', JSON.stringify({ v: 1, type: 'ended', reason: 'boredom' })],
    ['an error without a code', JSON.stringify({ v: 1, type: 'error' })],
  ])('ignores %s', (_what, text) => {
    expect(parseAgentEvent(text)).toBeNull();
  });

  it('takes a senseless latency for none', () => {
    expect(parse({ v: 1, type: 'turn', e2e_latency_s: -1 })).toMatchObject({
      timing: { times: { e2e_latency_s: null } },
    });
  });

  it('takes an instant before the end of the speech for what it is', () => {
    expect(parse({ v: 1, type: 'turn', llm_first_token_at_s: -0.2 })).toMatchObject({
      timing: { times: { llm_first_token_at_s: -0.2 } },
    });
  });
});

describe('effects', () => {
  it('a started tool runs in the transcript', () => {
    const event = parse(tool);
    expect(event && transcriptActionsFrom(event)).toMatchObject([
      { type: 'tool', tool: { id: 'call_1', state: 'running' } },
    ]);
  });

  it('a turn tells its reply how it came about, and whether it was cut', () => {
    const turn = parse({ ...SLOW_TURN, interrupted: true });
    expect(turn && transcriptActionsFrom(turn)).toMatchObject([
      { type: 'interrupted' },
      { type: 'timed', timing: { fallbacks: ['tts'], times: { e2e_latency_s: 0.9 } } },
    ]);
  });

  const down = { type: 'status', stage: 'stt', state: 'down', since_ms: 7 } as const;

  it('a stage is down or on the standby until it recovers', () => {
    const ill = withEvent(NO_NEWS, down);
    expect(ill.stages).toEqual({ stt: { state: 'down', since_ms: 7 } });
    const helped = withEvent(ill, { ...down, state: 'fallback', since_ms: 8 });
    expect(helped.stages).toEqual({ stt: { state: 'fallback', since_ms: 8 } });
    expect(withEvent(helped, { ...down, state: 'recovered' }).stages).toEqual({});
  });

  it('what ailed an agent is forgotten when another speaks', () => {
    const ill = withEvent(newsOf('agent-1', NO_NEWS), down);
    expect(newsOf('agent-1', ill)).toBe(ill);
    expect(newsOf('agent-2', { ...ill, latency_s: 0.8 })).toEqual({
      ...NO_NEWS,
      sender: 'agent-2',
      latency_s: 0.8,
    });
  });

  it('a finished turn clears the error before it', () => {
    const failed = withEvent(NO_NEWS, { type: 'error', code: 'x', message: null });
    const turn = parse({ ...SLOW_TURN, e2e_latency_s: 1.2 });
    expect(turn && withEvent(failed, turn)).toEqual({ ...NO_NEWS, latency_s: 1.2 });
  });
});
