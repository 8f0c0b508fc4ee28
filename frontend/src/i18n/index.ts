/** The dictionary in use: the first of the browser's languages that there is one for. */

import { type Dictionary, en } from './en';
import { fr } from './fr';

const DICTIONARIES: readonly Dictionary[] = [en, fr];

export function dictionaryFor(languages: readonly string[]): Dictionary {
  for (const wanted of languages) {
    const base = wanted.toLowerCase().split('-')[0];
    const found = DICTIONARIES.find(({ language }) => language === base);
    if (found) return found;
  }
  return en;
}

export const text: Dictionary = dictionaryFor(globalThis.navigator?.languages ?? []);
