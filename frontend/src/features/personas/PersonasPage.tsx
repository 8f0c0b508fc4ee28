/** The Personas screen. */

import { useTranslation } from 'react-i18next';
import { Page } from '../../ui/Page';

export default function PersonasPage() {
  const { t } = useTranslation('personas');
  return <Page title={t('title')} />;
}
