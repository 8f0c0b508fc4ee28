import { expect, test } from 'vitest';
import { chooseVoices } from './voices';

const voice = (id: string, language: string) => ({ id, name: id, language });
const VOICES = [voice('emma', 'en-gb'), voice('adam', 'en-us'), voice('siwis', 'fr-fr')];

test('the agent has its persona’s voice, the user another of that language', () => {
  expect(chooseVoices(VOICES, { voice: 'emma', language: null }, 'fr')).toEqual({
    assistant: 'emma',
    user: 'adam',
  });
});

test('a lone voice of a language is answered by one of another', () => {
  expect(chooseVoices(VOICES, { voice: null, language: 'fr' }, 'en')).toEqual({
    assistant: 'siwis',
    user: 'emma',
  });
});

test('of a persona that is gone the language of the page decides', () => {
  expect(chooseVoices(VOICES, null, 'en')).toEqual({ assistant: 'emma', user: 'adam' });
});

test('with one voice alone the server chooses the other', () => {
  expect(chooseVoices(VOICES.slice(0, 1), null, 'en')).toEqual({ assistant: 'emma', user: null });
});
