/** Telephone numbers as people type them. */

const MARKS = /[\s().\-/]/g;
/** Of numbers as they are dialled inside a country: after its code it is wrong. */
const INLAND_ZERO = /\(\s*0\s*\)/;
const NUMBER = /^\+[1-9][0-9]{1,14}$/;

/** `+49 (30) 123-456` as `+4930123456`; null where it is none, says no country, or has a `(0)`. */
export function plainNumber(typed: string): string | null {
  const plain = typed.replace(MARKS, '');
  return NUMBER.test(plain) && !INLAND_ZERO.test(typed) ? plain : null;
}
