import { describe, expect, it } from 'vitest';
import { timesFrom } from './events';
import {
  currentCall,
  lastSpeech,
  runningTool,
  type ToolEntry,
  type Transcript,
  type TranscriptAction,
  transcriptReducer,
} from './transcript';

const NOTHING_SPECIAL = { preemptive: false, discarded: 0, fallbacks: [] };
const play = (...actions: TranscriptAction[]): Transcript => actions.reduce(transcriptReducer, []);
const texts = (entries: Transcript) =>
  entries.map((entry) => (entry.kind === 'speech' ? `${entry.role}: ${entry.text}` : entry.kind));
const user = (text: string, final = false, id = 'u1'): TranscriptAction => {
  return { type: 'heard', id, role: 'user', text, final };
};
const agent = (text: string, id = 'a1'): TranscriptAction => {
  return { type: 'heard', id, role: 'agent', text, final: false };
};
const tool = (state: ToolEntry['state'], fields: Partial<ToolEntry> = {}): TranscriptAction => {
  const base = { id: 'call_1', name: 'set_timer', arguments: null, result: null };
  return { type: 'tool', tool: { ...base, duration_ms: null, citations: [], ...fields, state } };
};

describe('an utterance', () => {
  it('replaces its interim text and becomes final once', () => {
    const entries = play(user('set a'), user('set a time'), user('Set a timer.', true));
    expect(entries).toMatchObject([{ text: 'Set a timer.', status: 'final', role: 'user' }]);
  });

  it('is not undone by an interim text that arrives late', () => {
    const entries = play(user('Set a timer.', true), user('set a'));
    expect(entries).toMatchObject([{ text: 'Set a timer.', status: 'final' }]);
  });

  it('disappears when the recogniser takes it back', () => {
    expect(play(user('uh'), user('', true))).toEqual([]);
  });

  it('stays interim when its stream ends, since corrections are new streams', () => {
    expect(play(user('set a'))).toMatchObject([{ status: 'interim' }]);
  });
});

describe('order', () => {
  it('is that of the first words, whichever side is corrected later', () => {
    const entries = play(
      user('what'),
      agent('It is'),
      user('What time is it?', true),
      agent('It is two.'),
    );
    expect(texts(entries)).toEqual(['user: What time is it?', 'agent: It is two.']);
  });

  it('puts typed text and tools where they happened', () => {
    const entries = play(
      agent('Hello.'),
      { type: 'typed', id: 't1', text: 'Ten minutes' },
      tool('running'),
      agent('Done.', 'a2'),
    );
    expect(texts(entries)).toEqual(['agent: Hello.', 'user: Ten minutes', 'tool', 'agent: Done.']);
  });
});

describe('a reply', () => {
  it('grows and is final when its stream closes', () => {
    const entries = play(agent('It'), agent('It is two.'), { type: 'closed', id: 'a1' });
    expect(entries).toMatchObject([{ text: 'It is two.', status: 'final' }]);
  });

  it('that was interrupted keeps its words and says so, also when its stream closes later', () => {
    const entries = play(agent('Once upon'), { type: 'interrupted' }, agent('Once upon a'), {
      type: 'closed',
      id: 'a1',
    });
    expect(entries).toMatchObject([{ text: 'Once upon', status: 'interrupted' }]);
  });

  it('marks only the newest reply as interrupted', () => {
    const entries = play(agent('One.', 'a1'), agent('Two', 'a2'), { type: 'interrupted' });
    expect(entries).toMatchObject([{ status: 'interim' }, { status: 'interrupted' }]);
  });
});

describe('a reconnect', () => {
  it('keeps what was said and adds to it', () => {
    const before = play(user('Hello.', true), agent('Hi the'), { type: 'closed', id: 'a1' });
    const after = transcriptReducer(before, agent('As I said', 'a2'));
    expect(texts(after)).toEqual(['user: Hello.', 'agent: Hi the', 'agent: As I said']);
  });

  it('does not double a segment that is sent again', () => {
    expect(play(user('Hello.', true), user('Hello.', true))).toHaveLength(1);
  });
});

describe('a tool', () => {
  it('runs until it finishes and keeps what it was asked', () => {
    const started = play(tool('running', { arguments: { minutes: 10 } }));
    expect(runningTool(started)?.name).toBe('set_timer');
    const finished = transcriptReducer(
      started,
      tool('finished', { result: 'ok', duration_ms: 84 }),
    );
    expect(finished).toMatchObject([
      { state: 'finished', arguments: { minutes: 10 }, result: 'ok', duration_ms: 84 },
    ]);
    expect(runningTool(finished)).toBeNull();
  });
});

describe('an earlier conversation', () => {
  const said: Transcript = play(user('Hello.', true, 'old'));

  it('stands above what is said now', () => {
    const entries = play({ type: 'recalled', entries: said }, agent('Hi.'));
    expect(texts(entries)).toEqual(['user: Hello.', 'divider', 'agent: Hi.']);
    expect(texts(currentCall(entries))).toEqual(['agent: Hi.']);
  });

  it('takes the place of the one recalled before', () => {
    const entries = play(
      { type: 'recalled', entries: said },
      { type: 'recalled', entries: said },
      { type: 'recalled', entries: [] },
    );
    expect(entries).toEqual([]);
  });
});

describe('how a reply came about', () => {
  const timing = { times: timesFrom({ e2e_latency_s: 0.7 }), ...NOTHING_SPECIAL };

  it('is kept with the newest reply', () => {
    const entries = play(agent('One.', 'a1'), user('And?', true), agent('Two.', 'a2'), {
      type: 'timed',
      timing,
    });
    expect(entries.map((entry) => entry.kind === 'speech' && entry.timing)).toEqual([
      null,
      null,
      timing,
    ]);
  });

  it('says nothing of a reply given on another day', () => {
    const entries = play(
      { type: 'recalled', entries: play(agent('Old.')) },
      { type: 'timed', timing },
    );
    expect(entries[0]).toMatchObject({ timing: null });
  });
});

describe('the end of a call', () => {
  it('settles every text and stops every tool', () => {
    const entries = play(user('wait'), agent('I'), tool('running'), { type: 'agent_gone' });
    expect(entries).toMatchObject([
      { status: 'final' },
      { status: 'final' },
      { state: 'cancelled' },
    ]);
  });

  it('leaves a line between the words of two calls', () => {
    const entries = play(user('Hello.', true), { type: 'call_continued', id: 'd' }, agent('Hi.'));
    expect(texts(entries)).toEqual(['user: Hello.', 'divider', 'agent: Hi.']);
    expect(texts(currentCall(entries))).toEqual(['agent: Hi.']);
    expect(lastSpeech(currentCall(entries), 'user')).toBeNull();
  });

  it('needs no line above the first words', () => {
    expect(play({ type: 'call_continued', id: 'd' })).toEqual([]);
  });
});
