/** Everybody who can answer: whom to talk to, and who is yours to change. */

import { useQuery } from '@tanstack/react-query';
import { Plus, Users } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { buttonClasses } from '../../ui/Button';
import { EmptyState } from '../../ui/EmptyState';
import { ErrorCard } from '../../ui/ErrorCard';
import { useNews } from '../../ui/News';
import { Page } from '../../ui/Page';
import { Skeleton } from '../../ui/Spinner';
import { personasQuery } from './data';
import { PersonaCard } from './PersonaCard';

export default function PersonasPage() {
  const { t } = useTranslation('personas');
  const { line: news, sayAndFocus } = useNews();
  const personas = useQuery(personasQuery);
  return (
    <Page
      title={t('title')}
      intro={t('intro')}
      actions={
        <Link to="/personas/new" className={buttonClasses('primary')}>
          <Plus aria-hidden size={18} />
          {t('new')}
        </Link>
      }
    >
      {news}
      {personas.isPending && <Skeleton rows={3} />}
      {personas.isError && (
        <ErrorCard
          error={personas.error}
          title={t('notLoaded')}
          onRetry={() => personas.refetch()}
          retrying={personas.isFetching}
        />
      )}
      {personas.data?.length === 0 && (
        <EmptyState icon={Users} title={t('empty')} body={t('emptyBody')} />
      )}
      {personas.data && personas.data.length > 0 && (
        <ul className="grid gap-4 sm:grid-cols-2">
          {personas.data.map((persona) => (
            <li key={persona.id} className="flex">
              <PersonaCard
                persona={persona}
                onDeleted={() => sayAndFocus(t('deleted', { name: persona.name }))}
              />
            </li>
          ))}
        </ul>
      )}
    </Page>
  );
}
