/** Chooses a voice, and lets one hear it first. */

import { Square, Volume2 } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/Button';
import { ErrorCard } from '../../ui/ErrorCard';
import { SelectField } from '../../ui/Field';
import type { Options } from './data';
import { useVoicePreview } from './useVoicePreview';

type Props = {
  id: string;
  voice: string;
  voices: Options['voices'];
  disabled: boolean;
  error?: string;
  onChange: (voice: string) => void;
};

export function VoiceField({ id, voice, voices, disabled, error, onChange }: Props) {
  const { t } = useTranslation('personas');
  const preview = useVoicePreview();
  const known = voices.some((one) => one.id === voice);
  const options = [
    { value: '', label: t('voiceDefault') },
    // A voice of a server that is down now must not be lost by saving.
    ...(voice && !known ? [{ value: voice, label: voice }] : []),
    ...voices.map((one) => ({
      value: one.id,
      label: t('voiceOption', { name: one.name, language: one.language }),
    })),
  ];
  const heard = voice || (voices[0]?.id ?? '');
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap items-end gap-3">
        <div className="min-w-0 flex-1 basis-48">
          <SelectField
            id={id}
            label={t('voice')}
            error={error}
            options={options}
            value={voice}
            disabled={disabled}
            onChange={(event) => onChange(event.target.value)}
          />
        </div>
        {preview.playing ? (
          <Button onClick={preview.stop}>
            <Square aria-hidden size={18} />
            {t('previewStop')}
          </Button>
        ) : (
          <Button disabled={!heard} onClick={() => preview.play(heard, t('previewSentence'))}>
            <Volume2 aria-hidden size={18} />
            {t('preview')}
          </Button>
        )}
      </div>
      {preview.error && <ErrorCard error={preview.error} title={t('previewFailed')} />}
    </div>
  );
}
