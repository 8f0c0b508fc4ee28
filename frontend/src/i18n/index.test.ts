// @vitest-environment jsdom
import { afterEach, describe, expect, it } from 'vitest';
import { ENDED_REASONS } from '../voice/events';
import { chooseLanguage, guessedLanguage, i18n, languageFor, showLanguage, t, withWords } from '.';
import { en } from './en';
import { talk } from './en/talk';
import { fr } from './fr';

/** Every sentence of a dictionary by its full key: `talk:call.end`. */
function sentences(words: object, path = ''): Map<string, string> {
  const found = new Map<string, string>();
  for (const [key, value] of Object.entries(words)) {
    const here = path === '' ? `${key}:` : `${path}${path.endsWith(':') ? '' : '.'}${key}`;
    if (typeof value === 'string') found.set(here, value);
    else for (const [inner, words] of sentences(value, here)) found.set(inner, words);
  }
  return found;
}
const placeholders = (sentence: string) => (sentence.match(/\{\{[^}]*\}\}/g) ?? []).sort();
const english = sentences(en);
const french = sentences(fr);
const sources = Object.entries(
  import.meta.glob<string>('../**/*.{ts,tsx}', { query: '?raw', import: 'default', eager: true }),
).filter(([path]) => !path.includes('.test.') && !path.includes('schema.d.ts'));

afterEach(async () => {
  localStorage.clear();
  await showLanguage('en');
});

describe('the language of the page', () => {
  it.each([
    [['fr-CA', 'en'], 'fr'],
    [['de', 'en-GB', 'fr'], 'en'],
    [['ja'], 'en'],
    [[], 'en'],
  ])('for %s is %s', (languages, chosen) => {
    expect(languageFor(languages)).toBe(chosen);
  });

  it('changes while the page runs, and is remembered for the next visit', async () => {
    await chooseLanguage('fr');
    expect(t('talk:call.end')).toBe('Quitter');
    expect(document.documentElement.lang).toBe('fr');
    expect(guessedLanguage()).toBe('fr');
  });
});

describe('the dictionaries', () => {
  it('have the same keys in both languages, plural forms aside', () => {
    const keys = (words: Map<string, string>) =>
      [...words.keys()].filter((key) => !key.endsWith('_many')).sort();
    expect(keys(french)).toEqual(keys(english));
  });

  it('fill the same gaps in both languages', () => {
    for (const [key, sentence] of french) {
      const original = english.get(key) ?? english.get(key.replace(/_many$/, '_other'));
      expect([key, placeholders(sentence)]).toEqual([key, placeholders(original ?? '')]);
    }
  });

  it('have a form for every number where they count', () => {
    for (const [language, words] of [['en', english] as const, ['fr', french] as const]) {
      const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
      for (const key of words.keys()) {
        if (!key.endsWith('_other')) continue;
        for (const form of forms) {
          expect([...words.keys()]).toContain(key.replace(/_other$/, `_${form}`));
        }
      }
    }
  });

  it('have every key that the code names', () => {
    const known = (key: string) =>
      [...english.keys()].some((one) => one === key || one.startsWith(`${key}.`)) ||
      english.has(`${key}_other`);
    const missing = sources.flatMap(([path, source]) =>
      [...source.matchAll(/\bt\(\s*'([a-z]+:[\w.]+)'/g)].flatMap(([, key = '']) =>
        known(key) ? [] : [`${path} ${key}`],
      ),
    );
    expect(missing).toEqual([]);
  });

  it.each(ENDED_REASONS)('have words for a call that ended by %s', (reason) => {
    expect(en.talk.ended.reasons[reason]).toMatch(/\.$/);
    expect(fr.talk.ended.reasons[reason]).toMatch(/\.$/);
  });
});

it('the words of a screen come with it, those of a call beside what Talk says first', async () => {
  i18n.removeResourceBundle('en', 'memory');
  i18n.removeResourceBundle('en', 'talk');
  i18n.addResourceBundle('en', 'talk', talk);
  expect(i18n.exists('talk:ended.title')).toBe(false);
  expect(await withWords(['memory', 'call'], Promise.resolve('shown'))).toBe('shown');
  for (const key of ['memory:title', 'talk:ended.title', 'talk:welcome.start'])
    expect(i18n.exists(key)).toBe(true);
});
