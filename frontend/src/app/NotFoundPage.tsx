/** For addresses that show nothing. */

import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { buttonClasses } from '../ui/Button';
import { Page } from '../ui/Page';

export function NotFoundPage() {
  const { t } = useTranslation();
  return (
    <Page title={t('notFound.title')} intro={t('notFound.body')}>
      <p>
        <Link to="/" className={buttonClasses('primary')}>
          {t('notFound.home')}
        </Link>
      </p>
    </Page>
  );
}
