/** The language of the page. Words come with the screen that needs them, first those of Talk. */

import i18n from 'i18next';
import { initReactI18next } from 'react-i18next';
import { common } from './en/common';
import { talk } from './en/talk';

export const LANGUAGES = ['en', 'fr'] as const;
export type Language = (typeof LANGUAGES)[number];
type OtherLanguage = Exclude<Language, 'en'>;

/** A language in its own words, as people look for it. */
export const LANGUAGE_NAMES: Record<Language, string> = { en: 'English', fr: 'Français' };

const STORAGE_KEY = 'parley.language';
const LOADERS: Record<OtherLanguage, () => Promise<Record<string, object>>> = {
  fr: async () => (await import('./fr')).fr,
};

i18n.use(initReactI18next).init({
  lng: 'en',
  fallbackLng: 'en',
  defaultNS: 'common',
  ns: ['common', 'talk'],
  resources: { en: { common, talk } },
  initAsync: false,
  showSupportNotice: false,
  // React escapes what it shows; escaping twice would print entities.
  interpolation: { escapeValue: false },
});

/** `call` is that part of `talk` which its first sight does without. */
const WORDS = {
  account: async () => ({ account: (await import('./en/account')).account }),
  call: async () => ({ talk: (await import('./en/call')).call }),
  calls: async () => ({ calls: (await import('./en/calls')).calls }),
  conversations: async () => ({
    conversations: (await import('./en/conversations')).conversations,
  }),
  health: async () => ({ health: (await import('./en/health')).health }),
  memory: async () => ({ memory: (await import('./en/memory')).memory }),
  personas: async () => ({ personas: (await import('./en/personas')).personas }),
  settings: async () => ({ settings: (await import('./en/settings')).settings }),
};
type Words = keyof typeof WORDS;
const loaded = new Set<Words>();

/** Code that is not run before its words are there: every other language falls back to these. */
export async function withWords<T>(words: readonly Words[], code: Promise<T>): Promise<T> {
  const [run] = await Promise.all([code, ...words.map(loadWords)]);
  return run;
}

async function loadWords(words: Words): Promise<void> {
  if (loaded.has(words)) return;
  for (const [screen, more] of Object.entries(await WORDS[words]())) {
    i18n.addResourceBundle('en', screen, more, true);
  }
  loaded.add(words);
}

/** Outside components. Inside them `useTranslation` also redraws when the language changes. */
export const t = i18n.t;

export { i18n };

export function currentLanguage(): Language {
  return knownLanguage(i18n.language) ?? 'en';
}

/** The first of these that there are words for. */
export function languageFor(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const known = knownLanguage(tag.toLowerCase().split('-')[0]);
    if (known) return known;
  }
  return 'en';
}

/** Before anybody has signed in: what was chosen here last, else what the browser asks for. */
export function guessedLanguage(): Language {
  return knownLanguage(stored()) ?? languageFor(globalThis.navigator?.languages ?? []);
}

export async function showLanguage(language: Language): Promise<void> {
  if (language !== 'en' && !i18n.hasResourceBundle(language, 'common')) {
    for (const [screen, words] of Object.entries(await LOADERS[language]())) {
      i18n.addResourceBundle(language, screen, words);
    }
  }
  await i18n.changeLanguage(language);
  document.documentElement.lang = language;
}

/** A choice made by hand: shown now, and on the next visit before sign-in too. */
export async function chooseLanguage(language: Language): Promise<void> {
  try {
    localStorage.setItem(STORAGE_KEY, language);
  } catch {
    // Storage may be blocked; the choice then lasts until the page is left.
  }
  await showLanguage(language);
}

export function knownLanguage(tag: string | null | undefined): Language | null {
  return LANGUAGES.find((language) => language === tag) ?? null;
}

function stored(): string | null {
  try {
    return localStorage.getItem(STORAGE_KEY);
  } catch {
    return null;
  }
}
