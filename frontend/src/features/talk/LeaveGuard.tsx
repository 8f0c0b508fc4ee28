/** Asks before a link or the back button ends a live call. */

import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { useBlocker } from 'react-router';

const ConfirmDialog = lazy(() => import('../../ui/ConfirmDialog'));

export function LeaveGuard({ live }: { live: boolean }) {
  const { t } = useTranslation('talk');
  const blocker = useBlocker(
    ({ currentLocation, nextLocation }) =>
      live && currentLocation.pathname !== nextLocation.pathname,
  );
  if (blocker.state !== 'blocked') return null;
  return (
    <Suspense>
      <ConfirmDialog
        open
        onClose={blocker.reset}
        onConfirm={blocker.proceed}
        title={t('leave.title')}
        body={t('leave.body')}
        confirmLabel={t('leave.confirm')}
        cancelLabel={t('leave.stay')}
      />
    </Suspense>
  );
}
