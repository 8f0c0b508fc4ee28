/** Telephone numbers as people type them. */

const MARKS = /[\s().\-/]/g;
const NUMBER = /^\+[1-9][0-9]{1,14}$/;

/** `+49 (30) 123-456` as `+4930123456`; null where it is none, or says no country. */
export function plainNumber(typed: string): string | null {
  const plain = typed.replace(MARKS, '');
  return NUMBER.test(plain) ? plain : null;
}
