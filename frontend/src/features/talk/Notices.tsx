/** The place for troubles during a call. It is on the page before any trouble is. */

import { CircleAlert } from 'lucide-react';
import { Button } from '../../ui/Button';
import { type Notice, noticeWords } from './notices';

export function Notices({ notices }: { notices: readonly Notice[] }) {
  return (
    <div role="alert" className="flex w-full max-w-xl flex-col gap-2 empty:absolute">
      {notices.map(noticeWords).map(({ key, title, body, aside, action }) => (
        <div
          key={key}
          className="flex flex-wrap items-center gap-x-4 gap-y-2 rounded-2xl bg-warn-soft px-4 py-3 text-sm"
        >
          <CircleAlert aria-hidden size={20} className="shrink-0 text-warn" />
          <div className="min-w-40 flex-1">
            <p className="font-semibold">
              {title}
              {aside && (
                <span
                  aria-hidden
                  className="ml-2 whitespace-nowrap font-normal text-soft tabular-nums"
                >
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
      ))}
    </div>
  );
}
