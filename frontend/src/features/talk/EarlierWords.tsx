/** What was said before, above a conversation that is to go on, or why it cannot be shown. */

import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { buttonClasses } from '../../ui/Button';
import { ErrorCard } from '../../ui/ErrorCard';
import { Loading } from '../../ui/Spinner';
import { entriesOf } from './recalled';
import { TranscriptPanel } from './TranscriptPanel';
import type { Earlier } from './useEarlier';

export default function EarlierWords({ earlier }: { earlier: Earlier }) {
  const { t } = useTranslation('talk');
  const { conversation, error, loading, retry } = earlier;
  return (
    <div className="flex w-full flex-col items-center gap-3 text-left">
      {loading && <Loading />}
      {error && <ErrorCard error={error} title={t('welcome.goOnFailed')} onRetry={retry} />}
      {conversation && (
        <div className="flex h-64 w-full flex-col">
          <TranscriptPanel entries={entriesOf(conversation.turns)} />
        </div>
      )}
      <Link to="/" className={buttonClasses('quiet')}>
        {t('welcome.startNew')}
      </Link>
    </div>
  );
}
