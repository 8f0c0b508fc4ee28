/** One persona, to be read, changed or made. */

import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useNavigate, useParams } from 'react-router';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { ErrorCard } from '../../ui/ErrorCard';
import { Page } from '../../ui/Page';
import { Skeleton } from '../../ui/Spinner';
import { duplicate, type Persona, personaQuery, usePersonaChange } from './data';
import { PersonaForm } from './PersonaForm';
import { PictureCard } from './PictureCard';

const NEW = 'new';

export default function PersonaPage() {
  const { t } = useTranslation('personas');
  const { id = NEW } = useParams();
  const isNew = id === NEW;
  const persona = useQuery({ ...personaQuery(id), enabled: !isNew });
  if (isNew) {
    return (
      <Page title={t('newTitle')} intro={t('newIntro')}>
        <PersonaForm key={NEW} persona={null} />
      </Page>
    );
  }
  return (
    <Page title={persona.data?.name ?? t('persona')}>
      {persona.isPending && <Skeleton rows={4} />}
      {persona.isError && (
        <ErrorCard
          error={persona.error}
          title={t('notLoaded')}
          onRetry={() => persona.refetch()}
          retrying={persona.isFetching}
        />
      )}
      {persona.data && !persona.data.editable && <SharedNote persona={persona.data} />}
      {persona.data?.editable && <PictureCard persona={persona.data} />}
      {persona.data && <PersonaForm key={id} persona={persona.data} />}
    </Page>
  );
}

function SharedNote({ persona }: { persona: Persona }) {
  const { t } = useTranslation('personas');
  const navigate = useNavigate();
  const copying = usePersonaChange(duplicate);
  return (
    <Card
      title={t('sharedTitle')}
      intro={t('sharedBody')}
      actions={
        <Button
          busy={copying.isPending}
          onClick={() =>
            copying.mutate(persona.id, { onSuccess: (made) => navigate(`/personas/${made.id}`) })
          }
        >
          {t('duplicate')}
        </Button>
      }
    >
      {copying.error && <ErrorCard error={copying.error} />}
    </Card>
  );
}
