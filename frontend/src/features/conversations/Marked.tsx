/** A text with the words of a search marked in it. */

import { marked } from './marking';

export function Marked({ text, query }: { text: string; query: string }) {
  return marked(text, query).map(({ text: piece, hit }, place) =>
    hit ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: pieces have no identity but their place.
      <mark key={place} className="rounded-sm bg-warn-soft px-0.5 font-semibold text-warn">
        {piece}
      </mark>
    ) : (
      piece
    ),
  );
}
