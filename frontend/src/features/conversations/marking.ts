/** Finds the words of a search in a text as the server found them: in any case, with any accents. */

export type Piece = { text: string; hit: boolean };

const ACCENTS = /[\u0300-\u036f]/g;

/** The text cut where a word of `query` begins or ends; together the pieces are the whole text. */
export function marked(text: string, query: string): Piece[] {
  const words = fold(query)
    .split(/\s+/)
    .filter((word) => word !== '');
  const letters = [...text];
  // By letter of the folding, which letter of the text it comes from.
  const sources = letters.flatMap((letter, place) => Array(fold(letter).length).fill(place));
  const folded = letters.map(fold).join('');
  const hits = new Set<number>();
  for (const word of words) {
    for (let at = folded.indexOf(word); at >= 0; at = folded.indexOf(word, at + word.length)) {
      for (let place = at; place < at + word.length; place += 1) hits.add(sources[place]);
    }
  }
  const pieces: Piece[] = [];
  letters.forEach((letter, place) => {
    const hit = hits.has(place);
    const last = pieces.at(-1);
    if (last?.hit === hit) last.text += letter;
    else pieces.push({ text: letter, hit });
  });
  return pieces;
}

function fold(text: string): string {
  return text.toLowerCase().normalize('NFKD').replace(ACCENTS, '');
}
