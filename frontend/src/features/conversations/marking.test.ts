import { expect, test } from 'vitest';
import { marked } from './marking';

const hits = (text: string, query: string) =>
  marked(text, query)
    .filter(({ hit }) => hit)
    .map((piece) => piece.text);

test('words are marked in any case and with any accents', () => {
  expect(hits('Un Café crème, cafe noir', 'cafe CREME')).toEqual(['Café', 'crème', 'cafe']);
});

test('a letter that folds to several is marked whole', () => {
  expect(hits('the ﬁsh', 'fi')).toEqual(['ﬁ']);
});

test('the pieces are the text, markup and all', () => {
  const text = '<b>bold</b> & 🙂 <script>';
  const pieces = marked(text, 'b script');
  expect(pieces.map((piece) => piece.text).join('')).toBe(text);
});

test('nothing asked, nothing marked', () => {
  expect(hits('anything', '  ')).toEqual([]);
  expect(marked('', 'x')).toEqual([]);
});
