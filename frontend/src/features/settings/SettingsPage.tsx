/** The Settings screen: its parts as tabs, the chosen one in the address. */

import { type ComponentType, lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import { type Session, type User, useMe } from '../../client/session';
import { Page } from '../../ui/Page';
import { Skeleton } from '../../ui/Spinner';
import { Tabs } from '../../ui/Tabs';

export type SectionProps = { session: Session; user: User };
type SectionId = 'sound' | 'display' | 'privacy' | 'account' | 'keys' | 'people';

const SECTIONS: Record<SectionId, ComponentType<SectionProps>> = {
  sound: lazy(() => import('./SoundSection')),
  display: lazy(() => import('./DisplaySection')),
  privacy: lazy(() => import('./PrivacySection')),
  account: lazy(() => import('./AccountSection')),
  keys: lazy(() => import('./KeysSection')),
  people: lazy(() => import('./PeopleSection')),
};
const ORDER = Object.keys(SECTIONS) as SectionId[];

export default function SettingsPage() {
  const { t } = useTranslation('settings');
  const { data: session } = useMe();
  const [params, setParams] = useSearchParams();
  const user = session?.user;
  if (!user) return <Page title={t('title')} />;
  const shown = ORDER.filter((id) => isThere(id, session, user));
  const wanted = params.get('part');
  const chosen = shown.find((id) => id === wanted) ?? 'sound';
  return (
    <Page title={t('title')} intro={t('intro')}>
      <Tabs
        label={t('parts')}
        value={chosen}
        onChange={(part) => setParams({ part }, { replace: true })}
        tabs={shown.map((id) => {
          const Section = SECTIONS[id];
          return {
            id,
            label: t(`tabs.${id}`),
            content: (
              <Suspense fallback={<Skeleton />}>
                <Section session={session} user={user} />
              </Suspense>
            ),
          };
        })}
      />
    </Page>
  );
}

/** A server without accounts has nobody else to look after. */
function isThere(id: SectionId, session: Session, user: User): boolean {
  return id !== 'people' || (session.auth === 'on' && user.role === 'admin');
}
