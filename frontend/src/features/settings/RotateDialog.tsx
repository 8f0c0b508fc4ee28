/** Replaces a key; the old one goes on working for a while, so that nothing stands still. */

import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, ask } from '../../client/api';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { ErrorCard } from '../../ui/ErrorCard';
import { SelectField } from '../../ui/Field';
import type { ApiKey, MadeApiKey } from './keys';

const OVERLAPS = { none: 0, hour: 3_600, day: 86_400, week: 604_800 } as const;
type Overlap = keyof typeof OVERLAPS;
const NAMES = Object.keys(OVERLAPS) as Overlap[];

type Props = { apiKey: ApiKey | null; onClose: () => void; onMade: (made: MadeApiKey) => void };

export function RotateDialog({ apiKey, onClose, onMade }: Props) {
  const { t } = useTranslation(['settings', 'common']);
  const [overlap, setOverlap] = useState<Overlap>('day');
  const rotate = useMutation({
    mutationFn: (id: string) =>
      ask(
        api.POST('/api/keys/{key_id}/rotate', {
          params: { path: { key_id: id } },
          body: { overlap_s: OVERLAPS[overlap] },
        }),
      ),
    onSuccess: onMade,
  });
  const close = () => {
    rotate.reset();
    onClose();
  };
  return (
    <Dialog
      open={apiKey !== null}
      onClose={close}
      title={t('keys.rotateTitle', { name: apiKey?.name ?? '' })}
      description={t('keys.rotateBody')}
      actions={
        <>
          <Button onClick={close}>{t('common:ui.cancel')}</Button>
          <Button
            look="primary"
            busy={rotate.isPending}
            onClick={() => apiKey && rotate.mutate(apiKey.id)}
          >
            {t('keys.rotateNow')}
          </Button>
        </>
      }
    >
      <SelectField
        label={t('keys.overlap')}
        value={overlap}
        onChange={({ target }) =>
          setOverlap(NAMES.find((name) => name === target.value) ?? overlap)
        }
        options={NAMES.map((value) => ({ value, label: t(`keys.overlaps.${value}`) }))}
      />
      {rotate.error && <ErrorCard error={rotate.error} />}
    </Dialog>
  );
}
