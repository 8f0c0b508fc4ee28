/** A persona's picture: put up, drawn by a model where there is one, or taken down. */

import { useQuery } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Avatar } from '../../ui/Avatar';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { ErrorCard } from '../../ui/ErrorCard';
import { TextField } from '../../ui/Field';
import { formatBytes } from '../../ui/format';
import {
  generateImage,
  optionsQuery,
  type Persona,
  removeImage,
  uploadImage,
  usePersonaChange,
} from './data';

const MOST_BYTES = 5_000_000;
const KINDS = 'image/png,image/jpeg,image/webp,image/gif';

export function PictureCard({ persona }: { persona: Persona }) {
  const { t } = useTranslation('personas');
  const input = useId();
  const options = useQuery(optionsQuery);
  const [tooLarge, setTooLarge] = useState(false);
  const [description, setDescription] = useState('');
  const uploading = usePersonaChange(uploadImage);
  const drawing = usePersonaChange(generateImage);
  const removing = usePersonaChange(removeImage);
  const failed = uploading.error ?? drawing.error ?? removing.error;

  /** What failed before is no news any more. */
  const begin = (act: () => void) => {
    for (const earlier of [uploading, drawing, removing]) earlier.reset();
    setTooLarge(false);
    act();
  };
  const choose = (file: File | undefined) => {
    if (!file) return;
    begin(() =>
      file.size > MOST_BYTES ? setTooLarge(true) : uploading.mutate({ id: persona.id, file }),
    );
  };
  return (
    <Card title={t('picture')}>
      <div className="flex flex-wrap items-center gap-5">
        <Avatar name={persona.name} imageUrl={persona.image_url} size="large" />
        <div className="flex min-w-0 flex-1 basis-60 flex-col gap-3">
          <label htmlFor={input} className="font-medium text-sm">
            {t('pictureFile')}
          </label>
          <input
            id={input}
            type="file"
            accept={KINDS}
            disabled={uploading.isPending}
            aria-describedby={`${input}-hint`}
            onChange={(event) => {
              choose(event.target.files?.[0]);
              event.target.value = ''; // the same file can be chosen again
            }}
            className="max-w-full text-sm file:mr-3 file:min-h-11 file:rounded-full file:border file:border-line-strong file:bg-surface file:px-4"
          />
          <p id={`${input}-hint`} className="text-soft text-sm">
            {t('pictureHint', { most: formatBytes(MOST_BYTES) })}
          </p>
          {tooLarge && (
            <p role="alert" className="text-danger text-sm">
              {t('pictureTooLarge', { most: formatBytes(MOST_BYTES) })}
            </p>
          )}
          {persona.image_url && (
            <div>
              <Button
                busy={removing.isPending}
                onClick={() => begin(() => removing.mutate(persona.id))}
              >
                {t('pictureRemove')}
              </Button>
            </div>
          )}
        </div>
      </div>
      {options.data?.image_generation && (
        <form
          className="flex flex-wrap items-end gap-3"
          onSubmit={(event) => {
            event.preventDefault();
            const wanted = description.trim();
            if (wanted && !drawing.isPending) {
              begin(() => drawing.mutate({ id: persona.id, description: wanted }));
            }
          }}
        >
          <div className="min-w-0 flex-1 basis-60">
            <TextField
              label={t('pictureDescription')}
              hint={t('pictureDescriptionHint')}
              value={description}
              maxLength={1000}
              onChange={(event) => setDescription(event.target.value)}
            />
          </div>
          <Button type="submit" busy={drawing.isPending}>
            {t('pictureDraw')}
          </Button>
        </form>
      )}
      {failed && <ErrorCard error={failed} title={t('pictureFailed')} />}
    </Card>
  );
}
