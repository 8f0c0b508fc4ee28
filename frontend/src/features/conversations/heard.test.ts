import { expect, test } from 'vitest';
import type { Turn } from './conversations';
import { partsOf, piecesOf, utterancesOf } from './heard';

const turn = (id: string, text: string, heard_text: string | null = null): Turn => ({
  id,
  role: 'assistant',
  text,
  heard_text,
  started_at: '2026-01-01T00:00:00Z',
  interrupted: heard_text !== null,
  confidence: null,
  timing: {},
  tools: [],
});

test('what was not interrupted was heard', () => {
  expect(partsOf(turn('1', 'All of it.'))).toEqual({ heard: 'All of it.', unheard: '' });
});

test('a reply is parted where it was interrupted', () => {
  const { heard, unheard } = partsOf(turn('1', 'One two three.', 'One two'));
  expect([heard, unheard]).toEqual(['One two', ' three.']);
});

test('of a reply cut off at once nothing was heard', () => {
  expect(partsOf(turn('1', 'Never heard.', ''))).toEqual({ heard: '', unheard: 'Never heard.' });
});

test('words spoken otherwise than written are counted', () => {
  expect(partsOf(turn('1', 'It costs $5 in all shops', 'It costs five dollars'))).toEqual({
    heard: 'It costs five dollars',
    unheard: 'all shops',
  });
});

test('only what was heard is spoken again, and no turn without words', () => {
  const turns = [turn('1', 'One two three.', 'One two'), turn('2', 'x', ''), turn('3', '…')];
  expect(utterancesOf(turns).map(({ turnId, text }) => [turnId, text])).toEqual([['1', 'One two']]);
});

test('long turns are cut behind sentences, else behind words, else anywhere', () => {
  expect(piecesOf('One two. Three four. Five.', 12)).toEqual(['One two.', 'Three four.', 'Five.']);
  expect(piecesOf('one two three four', 9)).toEqual(['one two', 'three', 'four']);
  expect(piecesOf('abcdefgh', 3)).toEqual(['abc', 'def', 'gh']);
  expect(piecesOf('short', 12)).toEqual(['short']);
});
