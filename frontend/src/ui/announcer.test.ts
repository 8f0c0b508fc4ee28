import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAnnouncer } from './announcer';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const listen = () => {
  const shown: string[] = [];
  return { shown, announcer: createAnnouncer((text) => shown.push(text)) };
};

describe('the announcer', () => {
  it('clears the region before each text, so that the same text is heard twice', () => {
    const { shown, announcer } = listen();
    announcer.say('Listening');
    vi.runAllTimers();
    announcer.say('Listening');
    vi.runAllTimers();
    expect(shown).toEqual(['', 'Listening', '', 'Listening']);
  });

  it('keeps texts at least 300 ms apart and in order', () => {
    const { shown, announcer } = listen();
    announcer.say('Thinking');
    announcer.say('Speaking');
    vi.advanceTimersByTime(60);
    expect(shown).toEqual(['', 'Thinking']);
    vi.advanceTimersByTime(230);
    expect(shown.at(-1)).toBe('Thinking');
    vi.advanceTimersByTime(70);
    expect(shown.at(-1)).toBe('Speaking');
  });

  it('does not queue the same text twice in a row, nor an empty one', () => {
    const { shown, announcer } = listen();
    announcer.say('First');
    announcer.say('Muted');
    announcer.say('Muted');
    announcer.say('  ');
    vi.runAllTimers();
    expect(shown.filter((text) => text !== '')).toEqual(['First', 'Muted']);
  });

  it('says nothing more once stopped', () => {
    const { shown, announcer } = listen();
    announcer.say('Listening');
    announcer.stop();
    vi.runAllTimers();
    expect(shown).toEqual(['']);
  });
});
