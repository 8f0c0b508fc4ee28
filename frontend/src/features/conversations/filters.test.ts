import { expect, test } from 'vitest';
import { addressOf, filtersFrom, isNarrowed, wantedOf } from './filters';

const from = (address: string) => filtersFrom(new URLSearchParams(address));

test('filters survive the address', () => {
  const filters = { q: 'two words', channel: 'sip' as const, from: '2026-11-01', until: '' };
  expect(filtersFrom(addressOf(filters))).toEqual(filters);
});

test('nonsense in the address narrows nothing', () => {
  expect(isNarrowed(from('channel=pigeon&from=yesterday&until=2026-99-99'))).toBe(false);
});

test('both days are included, from midnight to midnight of this place', () => {
  const { after, before } = wantedOf(from('from=2026-11-20&until=2026-11-20'));
  expect(after).toBe(new Date(2026, 10, 20).toISOString());
  expect(before).toBe(new Date(2026, 10, 21).toISOString());
});

test('a search of blanks is no search', () => {
  expect(wantedOf(from('q=%20%20')).q).toBe('');
});
