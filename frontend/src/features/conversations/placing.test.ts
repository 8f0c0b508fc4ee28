import { expect, test } from 'vitest';
import { placesOf, turnAt } from './placing';

const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString();
const turn = (id: string, seconds: number) => ({ id, started_at: at(seconds) });
const recording = (id: string, seconds: number, duration_s: number | null) => ({
  id,
  started_at: at(seconds),
  duration_s,
});

const RECORDINGS = [recording('first', 0, 60), recording('second', 3600, null)];

test('a turn is as far into its recording as it began after it', () => {
  const turns = [turn('a', 5), turn('b', 3610.5)];
  expect(placesOf(turns, RECORDINGS)).toEqual([
    { turnId: 'a', recordingId: 'first', at_s: 5 },
    { turnId: 'b', recordingId: 'second', at_s: 10.5 },
  ]);
});

test('a turn of a call that was not recorded has no place', () => {
  expect(placesOf([turn('between', 600)], RECORDINGS)).toEqual([]);
  expect(placesOf([turn('before', -60)], RECORDINGS)).toEqual([]);
});

test('a turn noted just before the first sound begins with it', () => {
  expect(placesOf([turn('a', -1)], RECORDINGS)[0]?.at_s).toBe(0);
});

test('the turn that is heard is the last that has begun', () => {
  const places = placesOf([turn('a', 5), turn('b', 9), turn('c', 3601)], RECORDINGS);
  expect(turnAt(places, 'first', 2)).toBeNull();
  expect(turnAt(places, 'first', 5)).toBe('a');
  expect(turnAt(places, 'first', 8.9)).toBe('a');
  expect(turnAt(places, 'first', 50)).toBe('b');
  expect(turnAt(places, 'second', 1)).toBe('c');
});
