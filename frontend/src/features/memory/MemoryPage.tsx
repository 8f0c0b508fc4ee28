/** The Memory screen. */

import { useTranslation } from 'react-i18next';
import { Page } from '../../ui/Page';

export default function MemoryPage() {
  const { t } = useTranslation('memory');
  return <Page title={t('title')} />;
}
