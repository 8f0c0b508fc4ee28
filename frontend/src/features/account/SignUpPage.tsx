/** The SignUp screen. */

import { useTranslation } from 'react-i18next';
import { Page } from '../../ui/Page';

export default function SignUpPage() {
  const { t } = useTranslation('account');
  return <Page title={t('signUp.title')} width="narrow" />;
}
