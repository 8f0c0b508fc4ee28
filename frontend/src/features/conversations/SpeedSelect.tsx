/** Chooses how fast a replay is played. */

import { useTranslation } from 'react-i18next';
import { SelectField } from '../../ui/Field';
import { SPEEDS } from './useSpeed';

type Props = { speed: number; onChange: (speed: number) => void };

export function SpeedSelect({ speed, onChange }: Props) {
  const { t } = useTranslation('conversations');
  return (
    <SelectField
      label={t('recording.speed')}
      value={String(speed)}
      options={SPEEDS.map((value) => ({
        value: String(value),
        label: t('recording.speedOf', { speed: value }),
      }))}
      onChange={({ target }) => onChange(Number(target.value))}
    />
  );
}
