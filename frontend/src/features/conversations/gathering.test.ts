import { expect, test, vi } from 'vitest';
import type { Conversation, Slice } from './conversations';
import { gather, joined } from './gathering';

const found = (id: string) => ({ id }) as Conversation;
const slice = (ids: string[], next_cursor: string | null): Slice => ({
  conversations: ids.map(found),
  next_cursor,
});
const server = (slices: Record<string, Slice>) =>
  vi.fn(async (cursor: string | null) => slices[cursor ?? 'start'] ?? slice([], null));

test('a page that found something is shown at once', async () => {
  const fetchSlice = server({ start: slice(['a'], 'c1') });
  expect(await gather(fetchSlice, null)).toEqual(slice(['a'], 'c1'));
  expect(fetchSlice).toHaveBeenCalledTimes(1);
});

test('pages that found nothing in their time are gone through', async () => {
  const fetchSlice = server({
    start: slice([], 'c1'),
    c1: slice([], 'c2'),
    c2: slice(['old'], 'c3'),
  });
  expect(await gather(fetchSlice, null)).toEqual(slice(['old'], 'c3'));
  expect(fetchSlice.mock.calls.map(([cursor]) => cursor)).toEqual([null, 'c1', 'c2']);
});

test('an empty history ends the search', async () => {
  expect(await gather(server({ start: slice([], null) }), null)).toEqual(slice([], null));
});

test('after some empty pages the person decides, and nothing is lost', async () => {
  const fetchSlice = vi.fn(async (cursor: string | null) => slice([], `${cursor ?? ''}x`));
  expect((await gather(fetchSlice, null, 3)).next_cursor).toBe('xxx');
  expect(fetchSlice).toHaveBeenCalledTimes(3);
});

test('what moved to the next page meanwhile is listed once', () => {
  const pages = [slice(['a', 'b'], 'c1'), slice(['b', 'c'], null)];
  expect(joined(pages).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
});
