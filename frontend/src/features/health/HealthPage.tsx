/** The Health screen. */

import { useTranslation } from 'react-i18next';
import { Page } from '../../ui/Page';

export default function HealthPage() {
  const { t } = useTranslation('health');
  return <Page title={t('title')} />;
}
