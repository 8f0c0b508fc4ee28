/** What can be said of a conversation in a line: when, where, with whom, how long, how it ended. */

import { Globe, Phone } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Badge } from '../../ui/Badge';
import { formatClock, formatDateTime } from '../../ui/format';
import { type Conversation, reasonWords } from './conversations';

export function Facts({ conversation }: { conversation: Conversation }) {
  const { t } = useTranslation('conversations');
  const { channel, persona, started_at, duration_s, turn_count, ended_reason, live } = conversation;
  const Icon = channel === 'sip' ? Phone : Globe;
  const facts: ReactNode[] = [
    <time key="started" dateTime={started_at}>
      {formatDateTime(started_at)}
    </time>,
    <span key="channel" className="inline-flex items-center gap-1">
      <Icon aria-hidden size={14} />
      {t(`channels.${channel}`)}
    </span>,
    persona && t('with', { name: persona.name }),
    duration_s !== null && t('duration', { duration: formatClock(duration_s) }),
    t('turns', { count: turn_count }),
    !live && reasonWords(ended_reason),
  ];
  return (
    <ul className="flex flex-wrap gap-x-4 gap-y-1 text-soft text-sm">
      {facts.map(
        (fact, place) =>
          // biome-ignore lint/suspicious/noArrayIndexKey: facts have no identity but their place.
          fact && <li key={place}>{fact}</li>,
      )}
    </ul>
  );
}

export function Badges({ conversation }: { conversation: Conversation }) {
  const { t } = useTranslation('conversations');
  return (
    <div className="flex flex-wrap gap-1.5 empty:hidden">
      {conversation.live && <Badge tone="good">{t('live')}</Badge>}
      {conversation.recorded && <Badge>{t('recorded')}</Badge>}
    </div>
  );
}
