import { describe, expect, it } from 'vitest';
import { formatBytes, formatClock, formatLatency, formatRelative, languageName } from './format';

const NOW = new Date('2026-11-20T12:00:00Z');

describe('times and sizes', () => {
  it.each([
    ['2026-11-20T11:59:58Z', '2 seconds ago'],
    ['2026-11-20T11:58:00Z', '2 minutes ago'],
    ['2026-11-20T11:00:10Z', '1 hour ago'],
    ['2026-11-19T11:00:00Z', 'yesterday'],
    ['2026-11-01T12:00:00Z', 'Nov 1, 2026'],
  ])('%s is %s', (instant, words) => {
    expect(formatRelative(instant, NOW)).toBe(words);
  });

  it.each([
    [5, '0:05'],
    [65.4, '1:05'],
    [3725, '1:02:05'],
    [-1, '0:00'],
  ])('%s s lasts %s', (seconds, clock) => {
    expect(formatClock(seconds)).toBe(clock);
  });

  it.each([
    [0.842, '842 ms'],
    [1.84, '1.8 sec'],
  ])('%s s of waiting is %s', (seconds, words) => {
    expect(formatLatency(seconds)).toBe(words);
  });

  it.each([
    [0, '0 byte'],
    [999, '999 byte'],
    [3_400_000, '3.4 MB'],
  ])('%s bytes are %s', (bytes, words) => {
    expect(formatBytes(bytes)).toBe(words);
  });
});

it('names languages, and leaves codes no browser knows as they are', () => {
  expect(languageName('fr')).toBe('French');
  expect(languageName('x-nobody!')).toBe('x-nobody!');
});
