/** The places for troubles and quiet news during a call. They are on the page before any is. */

import { CircleAlert, Info } from 'lucide-react';
import { Button } from '../../ui/Button';
import { type Notice, type NoticeWords, noticeWords } from './notices';

export function Notices({ notices }: { notices: readonly Notice[] }) {
  const all = notices.map(noticeWords);
  return (
    <>
      <div role="alert" className="flex w-full max-w-xl flex-col gap-2 empty:absolute">
        {all.filter(({ quiet }) => !quiet).map(banner)}
      </div>
      <div role="status" className="flex w-full max-w-xl flex-col gap-2 empty:absolute">
        {all.filter(({ quiet }) => quiet).map(banner)}
      </div>
    </>
  );
}

function banner({ key, quiet, title, body, aside, action }: NoticeWords) {
  const Icon = quiet ? Info : CircleAlert;
  return (
    <div
      key={key}
      className={`flex flex-wrap items-center gap-x-4 gap-y-2 rounded-2xl px-4 text-sm ${
        quiet ? 'bg-raised py-2 text-soft' : 'bg-warn-soft py-3'
      }`}
    >
      <Icon aria-hidden size={20} className={`shrink-0 ${quiet ? '' : 'text-warn'}`} />
      <div className="min-w-40 flex-1">
        <p className={quiet ? 'font-medium text-ink' : 'font-semibold'}>
          {title}
          {aside && (
            <span aria-hidden className="ml-2 whitespace-nowrap font-normal text-soft tabular-nums">
              {aside}
            </span>
          )}
        </p>
        <p className="text-soft">{body}</p>
      </div>
      {action && (
        <Button look="secondary" className="text-sm" onClick={action.run}>
          {action.label}
        </Button>
      )}
    </div>
  );
}
