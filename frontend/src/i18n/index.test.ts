import { describe, expect, it } from 'vitest';
import { ENDED_REASONS } from '../voice/events';
import { dictionaryFor } from '.';

describe('the language of the page', () => {
  it.each([
    [['fr-CA', 'en'], 'fr'],
    [['de', 'en-GB', 'fr'], 'en'],
    [['ja'], 'en'],
    [[], 'en'],
  ])('for %s is %s', (languages, chosen) => {
    expect(dictionaryFor(languages).language).toBe(chosen);
  });

  it.each(['en', 'fr'])('%s has words for every way a call can end', (language) => {
    const { reasons } = dictionaryFor([language]).ended;
    for (const reason of ENDED_REASONS) expect(reasons[reason]).toMatch(/\.$/);
  });
});
