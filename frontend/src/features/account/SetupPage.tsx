/** The Setup screen. */

import { useTranslation } from 'react-i18next';
import { Page } from '../../ui/Page';

export default function SetupPage() {
  const { t } = useTranslation('account');
  return <Page title={t('setup.title')} width="narrow" />;
}
