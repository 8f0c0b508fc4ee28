/** The Conversations screen. */

import { useTranslation } from 'react-i18next';
import { Page } from '../../ui/Page';

export default function ConversationsPage() {
  const { t } = useTranslation('conversations');
  return <Page title={t('title')} />;
}
