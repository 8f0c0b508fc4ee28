/** The calls that ring or are spoken now, each with its clock and the way to end it. */

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { PhoneOff } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useStandingError } from '../../client/useStandingError';
import { Badge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import ConfirmDialog from '../../ui/ConfirmDialog';
import { ErrorCard } from '../../ui/ErrorCard';
import { formatClock } from '../../ui/format';
import { Skeleton } from '../../ui/Spinner';
import { CallTitle } from './CallTitle';
import {
  type Call,
  callsChanged,
  hangUp,
  historyKey,
  liveQuery,
  numberOf,
  spoken_s,
} from './calls';
import { type Line, lineName } from './phone';
import { useNow } from './useNow';

type Props = { lines: readonly Line[]; onHungUp: (news: string) => void };

export function LiveCalls({ lines, onHungUp }: Props) {
  const { t } = useTranslation('calls');
  const client = useQueryClient();
  const live = useQuery(liveQuery);
  const fault = useStandingError(live);
  const calls = live.data ?? [];
  const now_ms = useNow(calls.length > 0);
  const [ending, setEnding] = useState<Call | null>(null);
  useRefreshedHistory(live.data);
  const end = useMutation({
    mutationFn: ({ id }: Call) => hangUp(id),
    onSuccess: async (_, call) => {
      // Closed first: while it is open it keeps the focus.
      setEnding(null);
      await callsChanged(client);
      onHungUp(t('live.ended', { number: numberOf(call) }));
    },
  });
  return (
    <Card title={t('live.title')}>
      {live.isPending && !fault && <Skeleton rows={1} label={t('history.loading')} />}
      {/* Also above calls: they may be over by now, and their clocks run on. */}
      {fault && (
        <ErrorCard
          error={fault}
          title={t('loadFailed')}
          onRetry={() => live.refetch()}
          retrying={live.isFetching}
        />
      )}
      {live.data && calls.length === 0 && <p className="text-soft">{t('live.none')}</p>}
      {calls.length > 0 && (
        <ul aria-label={t('live.title')} className="flex flex-col divide-y divide-line">
          {calls.map((call) => (
            <LiveCall
              key={call.id}
              call={call}
              line={lineName(lines, call.line_id)}
              now_ms={now_ms}
              onHangUp={() => {
                end.reset();
                setEnding(call);
              }}
            />
          ))}
        </ul>
      )}
      <ConfirmDialog
        open={ending !== null}
        onClose={() => setEnding(null)}
        onConfirm={() => ending && end.mutate(ending)}
        title={t('live.hangUpTitle')}
        body={t('live.hangUpBody', { number: ending ? numberOf(ending) : '' })}
        confirmLabel={t('live.hangUp')}
        busy={end.isPending}
        error={end.error}
      />
    </Card>
  );
}

type CallProps = { call: Call; line: string | null; now_ms: number; onHangUp: () => void };

function LiveCall({ call, line, now_ms, onHangUp }: CallProps) {
  const { t } = useTranslation('calls');
  const lasted_s = spoken_s(call, now_ms);
  return (
    <li className="flex flex-wrap items-center justify-between gap-3 py-3">
      <div className="flex min-w-0 flex-col gap-1">
        <CallTitle call={call} />
        <p className="flex flex-wrap items-center gap-x-3 gap-y-1 text-soft text-sm">
          <Badge tone={call.state === 'live' ? 'good' : 'warn'}>{t(`states.${call.state}`)}</Badge>
          {lasted_s !== null && (
            // Not a live region: nobody wants every second read out.
            <span className="tabular-nums">
              {t('live.lasting', { duration: formatClock(lasted_s) })}
            </span>
          )}
          {line && <span>{line}</span>}
        </p>
      </div>
      <Button aria-label={t('live.hangUpOf', { number: numberOf(call) })} onClick={onHangUp}>
        <PhoneOff aria-hidden size={18} />
        {t('live.hangUp')}
      </Button>
    </li>
  );
}

/** A call that is not live any more is in the history now. */
function useRefreshedHistory(live: readonly Call[] | undefined): void {
  const client = useQueryClient();
  const before = useRef<readonly Call[]>([]);
  useEffect(() => {
    if (!live) return;
    const gone = before.current.some((call) => !live.some(({ id }) => id === call.id));
    before.current = live;
    if (gone) void client.invalidateQueries({ queryKey: historyKey });
  }, [live, client]);
}
