/** Who answers, and in which voice. Nothing is shown until there is something to choose from. */

import { useTranslation } from 'react-i18next';
import { SelectField } from '../../ui/Field';
import type { Persona, Voice } from './choices';

export type PersonaPickerProps = {
  personas: readonly Persona[];
  voices: readonly Voice[];
  personaId: string | null;
  voice: string | null;
  onPersona: (id: string) => void;
  /** Null is the persona's own voice. */
  onVoice: (id: string | null) => void;
  disabled?: boolean;
};

export default function PersonaPicker(props: PersonaPickerProps) {
  const { t } = useTranslation('talk');
  const { personas, voices, personaId, voice, disabled } = props;
  return (
    <>
      {personas.length > 0 && (
        <SelectField
          label={t('choice.persona')}
          value={personaId ?? ''}
          disabled={disabled}
          onChange={(event) => props.onPersona(event.target.value)}
          options={personas.map(({ id, name }) => ({ value: id, label: name }))}
        />
      )}
      {voices.length > 0 && (
        <SelectField
          label={t('choice.voice')}
          value={voices.some(({ id }) => id === voice) ? (voice ?? '') : ''}
          disabled={disabled}
          onChange={(event) => props.onVoice(event.target.value || null)}
          options={[
            { value: '', label: t('choice.ownVoice') },
            ...voices.map(({ id, name, language }) => ({
              value: id,
              label: language ? `${name} (${language})` : name,
            })),
          ]}
        />
      )}
    </>
  );
}
