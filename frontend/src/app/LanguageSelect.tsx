/** Chooses the language of the page, each named in itself. */

import { useTranslation } from 'react-i18next';
import { chooseLanguage, currentLanguage, knownLanguage, LANGUAGE_NAMES, LANGUAGES } from '../i18n';

export function LanguageSelect() {
  // Read through the hook, so that this redraws when the language changes.
  const { t } = useTranslation();
  return (
    <select
      aria-label={t('nav.language')}
      value={currentLanguage()}
      onChange={(event) => {
        const language = knownLanguage(event.target.value);
        if (language) void chooseLanguage(language);
      }}
      className="min-h-11 rounded-full bg-transparent px-3 text-sm hover:bg-raised"
    >
      {LANGUAGES.map((language) => (
        <option key={language} value={language} lang={language} className="bg-surface">
          {LANGUAGE_NAMES[language]}
        </option>
      ))}
    </select>
  );
}
