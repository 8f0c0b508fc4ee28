/** Telephone numbers as people type them. */

const MARKS = /[\s().\-/]/g;
/** Digits of a country's plan, a short one of an exchange, or its codes with * and #. */
const NUMBER = /^\+?[0-9*#]{1,20}$/;

/** `+49 (30) 123-456` as `+4930123456`; null where it is no number. */
export function plainNumber(typed: string): string | null {
  const plain = typed.replace(MARKS, '');
  return NUMBER.test(plain) ? plain : null;
}
