/** One conversation in the history. */

import { EllipsisVertical, PencilLine, PhoneForwarded, Trash2 } from 'lucide-react';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { Menu } from '../../ui/Menu';
import { type Conversation, titleOf } from './conversations';
import { DeleteConversation } from './DeleteConversation';
import { Badges, Facts } from './Facts';
import { LatencySpark } from './LatencySpark';
import { Marked } from './Marked';
import { RenameForm } from './RenameForm';

type Props = {
  conversation: Conversation;
  query: string;
  onRenamed: (title: string) => void;
  onDeleted: (title: string) => void;
};

export function ConversationRow({ conversation, query, onRenamed, onDeleted }: Props) {
  const { t } = useTranslation('conversations');
  const [doing, setDoing] = useState<'rename' | 'delete' | null>(null);
  const trigger = useRef<HTMLButtonElement>(null);
  const title = titleOf(conversation);
  const { id, match, preview } = conversation;
  const renamed = (name: string | null) => {
    setDoing(null);
    requestAnimationFrame(() => trigger.current?.focus());
    if (name !== null) onRenamed(name);
  };
  return (
    <li
      data-testid="conversation"
      className="flex flex-col gap-2 rounded-3xl border border-line bg-surface p-4 sm:p-5"
    >
      {doing === 'rename' ? (
        <RenameForm conversation={conversation} onDone={renamed} />
      ) : (
        <div className="flex items-start justify-between gap-3">
          <div className="flex min-w-0 flex-wrap items-center gap-x-3 gap-y-1.5">
            <h2 className="min-w-0 font-semibold text-lg leading-snug">
              <Link
                to={`/conversations/${encodeURIComponent(id)}`}
                className="line-clamp-2 rounded-md underline-offset-4 hover:underline"
              >
                {title}
              </Link>
            </h2>
            <Badges conversation={conversation} />
          </div>
          <div className="relative -m-1 shrink-0">
            <Menu
              trigger={
                <button
                  ref={trigger}
                  type="button"
                  aria-label={t('actions', { title })}
                  className="inline-flex size-11 items-center justify-center rounded-full text-soft hover:bg-raised hover:text-ink"
                >
                  <EllipsisVertical aria-hidden size={20} />
                </button>
              }
              items={[
                {
                  label: t('goOn'),
                  icon: PhoneForwarded,
                  to: `/?conversation=${encodeURIComponent(id)}`,
                },
                { label: t('rename'), icon: PencilLine, onSelect: () => setDoing('rename') },
                {
                  label: t('delete'),
                  icon: Trash2,
                  danger: true,
                  onSelect: () => setDoing('delete'),
                },
              ]}
            />
          </div>
        </div>
      )}
      <Facts conversation={conversation} />
      {match ? (
        <p className="text-sm">
          <Marked text={match} query={query} />
        </p>
      ) : (
        conversation.title && preview && <p className="line-clamp-2 text-soft text-sm">{preview}</p>
      )}
      <LatencySpark latencies={conversation.latencies_s} />
      <DeleteConversation
        conversation={conversation}
        open={doing === 'delete'}
        onClose={() => setDoing(null)}
        onDeleted={onDeleted}
      />
    </li>
  );
}
