/** Of a turn, what reached the other side, and what is to be said again when it is replayed. */

import type { Turn } from './conversations';

export type Parts = { heard: string; unheard: string };

/** Together all that was written. What was heard may differ from it in spaces and signs. */
export function partsOf({ text, heard_text }: Pick<Turn, 'text' | 'heard_text'>): Parts {
  if (heard_text === null || heard_text === text) return { heard: text, unheard: '' };
  const heard = heard_text.trim();
  if (text.trimStart().startsWith(heard)) {
    const start = text.length - text.trimStart().length + heard.length;
    return { heard: text.slice(0, start), unheard: text.slice(start) };
  }
  // Spoken otherwise than it was written: as many words as were spoken are taken for heard.
  const words = text.trim().split(/\s+/);
  const count = heard.split(/\s+/).length;
  return { heard, unheard: words.slice(count).join(' ') };
}

export type Utterance = { turnId: string; role: Turn['role']; text: string };

/** A piece is ready within seconds even where speech is made slowly, and fits every server. */
const PIECE_CHARS = 240;

/** All that was really said, in pieces short enough to be made while the one before is heard. */
export function utterancesOf(turns: readonly Turn[]): Utterance[] {
  return turns.flatMap((turn) =>
    piecesOf(partsOf(turn).heard).map((text) => ({ turnId: turn.id, role: turn.role, text })),
  );
}

/** Cut behind sentences, where one is too long behind words, at the worst anywhere. */
export function piecesOf(text: string, longest = PIECE_CHARS): string[] {
  const pieces: string[] = [];
  let rest = text.trim();
  while (rest.length > longest) {
    const head = rest.slice(0, longest);
    const cut = lastEnd(head, /[.!?…。？！](?=\s)/g) || lastEnd(head, /\s/g) || longest;
    pieces.push(rest.slice(0, cut).trim());
    rest = rest.slice(cut).trim();
  }
  if (/[\p{L}\p{N}]/u.test(rest)) pieces.push(rest);
  return pieces;
}

function lastEnd(text: string, what: RegExp): number {
  const last = [...text.matchAll(what)].at(-1);
  return last ? last.index + last[0].length : 0;
}
