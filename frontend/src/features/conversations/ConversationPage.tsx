/** The Conversation screen. */

import { useTranslation } from 'react-i18next';
import { Page } from '../../ui/Page';

export default function ConversationPage() {
  const { t } = useTranslation('conversations');
  return <Page title={t('conversation')} />;
}
