/** The Persona screen. */

import { useTranslation } from 'react-i18next';
import { Page } from '../../ui/Page';

export default function PersonaPage() {
  const { t } = useTranslation('personas');
  return <Page title={t('persona')} />;
}
