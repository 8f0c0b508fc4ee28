/** The browsers that are signed in, and the way to sign any of them out. */

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, ask } from '../../client/api';
import type { components } from '../../client/schema';
import { Badge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { ErrorCard } from '../../ui/ErrorCard';
import { formatDate, formatRelative } from '../../ui/format';
import { useNews } from '../../ui/News';
import { Skeleton } from '../../ui/Spinner';

type Session = components['schemas']['Session'];

const KEY = ['sessions'];

export function SessionsCard() {
  const { t } = useTranslation('settings');
  const client = useQueryClient();
  const { line: news, sayAndFocus } = useNews();
  const list = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => ask(api.GET('/api/me/sessions', { signal })),
  });
  const changed = () => client.invalidateQueries({ queryKey: KEY });
  const close = useMutation({
    mutationFn: ({ id }: Session) =>
      ask(api.DELETE('/api/me/sessions/{session_id}', { params: { path: { session_id: id } } })),
    onSuccess: async (_, session) => {
      await changed();
      sayAndFocus(t('sessions.closed', { name: nameOf(session) }));
    },
    onError: changed,
  });
  const closeOthers = useMutation({
    mutationFn: () => ask(api.DELETE('/api/me/sessions')),
    onSuccess: async () => {
      await changed();
      sayAndFocus(t('sessions.closedOthers'));
    },
    onError: changed,
  });
  /** What failed before is no news any more. */
  const begin = (act: () => void) => {
    close.reset();
    closeOthers.reset();
    act();
  };
  const nameOf = (session: Session) => browserName(session.user_agent) ?? t('sessions.unknown');
  const sessions = list.data?.sessions ?? [];
  const error = close.error ?? closeOthers.error;
  return (
    <Card
      title={t('sessions.title')}
      intro={t('sessions.intro')}
      actions={
        sessions.length > 1 && (
          <Button busy={closeOthers.isPending} onClick={() => begin(() => closeOthers.mutate())}>
            {t('sessions.closeOthers')}
          </Button>
        )
      }
    >
      {news}
      {list.isPending && <Skeleton />}
      {list.error && (
        <ErrorCard error={list.error} onRetry={() => list.refetch()} retrying={list.isFetching} />
      )}
      {error && <ErrorCard error={error} />}
      <ul className="flex flex-col divide-y divide-line">
        {sessions.map((session) => {
          const name = nameOf(session);
          return (
            <li key={session.id} className="flex flex-wrap items-center justify-between gap-3 py-3">
              <div className="min-w-0">
                <p className="flex flex-wrap items-center gap-2 font-medium">
                  {name}
                  {session.current && <Badge tone="good">{t('sessions.current')}</Badge>}
                </p>
                <p className="text-soft text-sm">
                  {t('sessions.seen', {
                    when: formatRelative(session.last_seen_at),
                    address: session.address,
                  })}
                </p>
                <p className="text-soft text-sm">
                  {t('sessions.until', { date: formatDate(session.expires_at) })}
                </p>
              </div>
              {!session.current && (
                <Button
                  busy={close.isPending && close.variables.id === session.id}
                  aria-label={t('sessions.closeOf', { name })}
                  onClick={() => begin(() => close.mutate(session))}
                >
                  {t('sessions.close')}
                </Button>
              )}
            </li>
          );
        })}
      </ul>
    </Card>
  );
}

const BROWSERS = [
  ['Edge', /\bEdg\w*\//],
  ['Opera', /\bOPR\//],
  ['Firefox', /\b(?:Firefox|FxiOS)\//],
  ['Chrome', /\b(?:Chrome|CriOS|HeadlessChrome)\//],
  ['Safari', /\bSafari\//],
] as const;
const SYSTEMS = [
  ['Android', /\bAndroid\b/],
  ['iOS', /\b(?:iPhone|iPad)\b/],
  ['Windows', /\bWindows\b/],
  ['macOS', /\bMac OS X\b/],
  ['Linux', /\bLinux\b/],
] as const;

/** `Firefox, Linux`: enough to recognise one's own. Null for what is no browser. */
export function browserName(userAgent: string): string | null {
  const browser = BROWSERS.find(([, pattern]) => pattern.test(userAgent))?.[0];
  const system = SYSTEMS.find(([, pattern]) => pattern.test(userAgent))?.[0];
  return [browser, system].filter(Boolean).join(', ') || null;
}
