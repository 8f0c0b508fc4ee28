/** Pages of a search: the server looks for a moment and stops, so one page here may be several there. */

import type { Slice } from './conversations';

/** Asked for by itself; after that people say whether to look further. */
export const MAX_EMPTY_SLICES = 6;

/** Reads on until something is found, all is read, or it is time to ask. */
export async function gather(
  fetchSlice: (cursor: string | null) => Promise<Slice>,
  start: string | null,
  maxSlices = MAX_EMPTY_SLICES,
): Promise<Slice> {
  let cursor = start;
  for (let read = 1; ; read += 1) {
    const slice = await fetchSlice(cursor);
    const done = slice.conversations.length > 0 || slice.next_cursor === null;
    if (done || read >= maxSlices) return slice;
    cursor = slice.next_cursor;
  }
}

/** Pages as one list. What was begun meanwhile moves others down: they are not shown twice. */
export function joined(pages: readonly Slice[]): Slice['conversations'] {
  const seen = new Map(
    pages.flatMap((page) => page.conversations.map((found) => [found.id, found] as const)),
  );
  return [...seen.values()];
}
