/** How a persona behaves: temperature, interruptions, tools. */

import { useTranslation } from 'react-i18next';
import { Card } from '../../ui/Card';
import { SelectField, TextField } from '../../ui/Field';
import type { Options, Persona } from './data';
import { type Draft, TEMPERATURE_MAX, WORDS_MAX } from './draft';
import type { Edit } from './PersonaForm';
import { ToolsField } from './ToolsField';

const MODES: readonly Persona['interruption_mode'][] = ['normal', 'words', 'off'];

export function MannersCard({ edit, options }: { edit: Edit; options: Options | null }) {
  const { t } = useTranslation('personas');
  const { draft, set, field } = edit;
  return (
    <Card title={t('manners')}>
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField
          {...field('temperature')}
          label={t('temperature')}
          hint={t('temperatureHint', { most: TEMPERATURE_MAX })}
          inputMode="decimal"
          value={draft.temperature}
          onChange={(event) => set({ temperature: event.target.value })}
        />
        <SelectField
          {...field('interruption_mode')}
          label={t('interruption')}
          hint={t('interruptionHint')}
          value={draft.interruption_mode}
          options={MODES.map((mode) => ({ value: mode, label: t(`interruptions.${mode}`) }))}
          onChange={(event) =>
            set({ interruption_mode: event.target.value as Draft['interruption_mode'] })
          }
        />
        {draft.interruption_mode === 'words' && (
          <TextField
            {...field('interruption_words')}
            label={t('words')}
            hint={t('wordsHint', { most: WORDS_MAX })}
            inputMode="numeric"
            value={draft.interruption_words}
            onChange={(event) => set({ interruption_words: event.target.value })}
          />
        )}
      </div>
      <ToolsField
        tools={draft.tools}
        known={options?.tools ?? []}
        disabled={field('tools').disabled}
        onChange={(tools) => set({ tools })}
      />
      {options && options.missing.length > 0 && (
        <p className="text-soft text-sm">{t('someMissing')}</p>
      )}
    </Card>
  );
}
