/** One persona in the list, with what can be done with it. */

import { Copy, EllipsisVertical, MessageCircle, Pencil, Star, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { setPreferences } from '../../app/preferences';
import { Avatar } from '../../ui/Avatar';
import { Badge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import ConfirmDialog from '../../ui/ConfirmDialog';
import { ErrorCard } from '../../ui/ErrorCard';
import { Menu, type MenuItem } from '../../ui/Menu';
import { duplicate, makeDefault, type Persona, remove, usePersonaChange } from './data';

type Props = { persona: Persona; onDeleted: () => void };

export function PersonaCard({ persona, onDeleted }: Props) {
  const { t } = useTranslation('personas');
  const navigate = useNavigate();
  const [asking, setAsking] = useState(false);
  const copying = usePersonaChange(duplicate);
  const choosing = usePersonaChange(makeDefault);
  const removing = usePersonaChange(remove);
  const failed = copying.error ?? choosing.error;

  const talk = () => {
    setPreferences({ personaId: persona.id, voice: null });
    navigate('/');
  };
  const copy = () => {
    choosing.reset();
    copying.mutate(persona.id, { onSuccess: (made) => navigate(`/personas/${made.id}`) });
  };
  const choose = () => {
    copying.reset();
    choosing.mutate(persona.id);
  };
  const items: MenuItem[] = [
    {
      label: persona.editable ? t('edit') : t('look'),
      icon: Pencil,
      to: `/personas/${persona.id}`,
    },
    { label: t('duplicate'), icon: Copy, onSelect: copy },
  ];
  if (!persona.is_default) {
    items.push({
      label: t('makeDefault'),
      icon: Star,
      onSelect: choose,
    });
  }
  if (persona.editable) {
    items.push({
      label: t('delete'),
      icon: Trash2,
      danger: true,
      onSelect: () => {
        removing.reset();
        setAsking(true);
      },
    });
  }
  return (
    <article className="flex w-full flex-col gap-4 rounded-3xl border border-line bg-surface p-5">
      <div className="flex items-start gap-4">
        <Avatar name={persona.name} imageUrl={persona.image_url} />
        <div className="min-w-0 flex-1">
          <h2 className="wrap-break-word font-semibold text-lg">{persona.name}</h2>
          <p className="line-clamp-2 text-soft text-sm">{persona.style || persona.prompt}</p>
        </div>
        <Menu
          trigger={
            <Button look="quiet" aria-label={t('actionsFor', { name: persona.name })}>
              <EllipsisVertical aria-hidden size={18} />
            </Button>
          }
          items={items}
        />
      </div>
      <div className="mt-auto flex flex-wrap items-center justify-between gap-3">
        <div className="flex flex-wrap gap-2">
          {persona.is_default && <Badge tone="good">{t('default')}</Badge>}
          {persona.shared && <Badge>{t('shared')}</Badge>}
          {persona.voice && <Badge>{t('voiceIs', { voice: persona.voice })}</Badge>}
        </div>
        <Button onClick={talk}>
          <MessageCircle aria-hidden size={18} />
          {t('talk')}
          <span className="sr-only"> {t('talkTo', { name: persona.name })}</span>
        </Button>
      </div>
      {failed && <ErrorCard error={failed} />}
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        // Its own promise: by then the list is without this card, which is told nothing any more.
        onConfirm={() => void removing.mutateAsync(persona.id).then(onDeleted, () => undefined)}
        title={t('deleteTitle', { name: persona.name })}
        body={t('deleteBody')}
        confirmLabel={t('delete')}
        busy={removing.isPending}
        error={removing.error}
      />
    </article>
  );
}
