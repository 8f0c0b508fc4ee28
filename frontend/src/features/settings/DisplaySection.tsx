/** How the page looks and reads: on this device, but for the language. */

import { useTranslation } from 'react-i18next';
import {
  CAPTION_CONTRASTS,
  CAPTION_SIZES,
  setPreferences,
  usePreferences,
} from '../../app/preferences';
import { THEMES, useTheme } from '../../app/theme';
import {
  chooseLanguage,
  currentLanguage,
  knownLanguage,
  LANGUAGE_NAMES,
  LANGUAGES,
} from '../../i18n';
import { Card } from '../../ui/Card';
import { ErrorCard } from '../../ui/ErrorCard';
import { SelectField } from '../../ui/Field';
import { Switch } from '../../ui/Switch';
import { useChangeMe } from './useChangeMe';

export default function DisplaySection() {
  const { t } = useTranslation('settings');
  const preferences = usePreferences();
  return (
    <>
      <Card title={t('display.title')}>
        <LanguageField />
        <ThemeField />
        <Switch
          label={t('display.motion')}
          hint={t('display.motionHint')}
          checked={preferences.motion === 'reduced'}
          onChange={(still) => setPreferences({ motion: still ? 'reduced' : 'system' })}
        />
      </Card>
      <Card title={t('captions.title')} intro={t('captions.intro')}>
        <Switch
          label={t('captions.on')}
          checked={preferences.captions}
          onChange={(captions) => setPreferences({ captions })}
        />
        <SelectField
          label={t('captions.size')}
          value={preferences.captionSize}
          disabled={!preferences.captions}
          onChange={({ target }) => {
            const captionSize = CAPTION_SIZES.find((size) => size === target.value);
            if (captionSize) setPreferences({ captionSize });
          }}
          options={CAPTION_SIZES.map((value) => ({ value, label: t(`captions.sizes.${value}`) }))}
        />
        <SelectField
          label={t('captions.contrast')}
          value={preferences.captionContrast}
          disabled={!preferences.captions}
          onChange={({ target }) => {
            const captionContrast = CAPTION_CONTRASTS.find((one) => one === target.value);
            if (captionContrast) setPreferences({ captionContrast });
          }}
          options={CAPTION_CONTRASTS.map((value) => ({
            value,
            label: t(`captions.contrasts.${value}`),
          }))}
        />
        <Switch
          label={t('display.autoscroll')}
          hint={t('display.autoscrollHint')}
          checked={preferences.autoscroll}
          onChange={(autoscroll) => setPreferences({ autoscroll })}
        />
      </Card>
    </>
  );
}

/** Shown at once, and kept with the account: the agent greets in it too. */
function LanguageField() {
  const { t } = useTranslation('settings');
  const change = useChangeMe();
  return (
    <>
      <SelectField
        label={t('display.language')}
        hint={t('display.languageHint')}
        value={currentLanguage()}
        onChange={({ target }) => {
          const language = knownLanguage(target.value);
          if (!language) return;
          void chooseLanguage(language);
          change.mutate({ language });
        }}
        options={LANGUAGES.map((value) => ({ value, label: LANGUAGE_NAMES[value] }))}
      />
      {change.error && <ErrorCard error={change.error} />}
    </>
  );
}

function ThemeField() {
  const { t } = useTranslation('common');
  const { theme, choose } = useTheme();
  return (
    <SelectField
      label={t('theme.label')}
      value={theme}
      onChange={({ target }) => {
        const chosen = THEMES.find((one) => one === target.value);
        if (chosen) choose(chosen);
      }}
      options={THEMES.map((value) => ({ value, label: t(`theme.${value}`) }))}
    />
  );
}
