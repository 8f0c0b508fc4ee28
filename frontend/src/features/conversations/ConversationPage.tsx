/** The Conversation screen: all that was said, heard again, and what can be done with it. */

import { useQuery } from '@tanstack/react-query';
import { ArrowLeft, Download, PencilLine, PhoneForwarded, Trash2 } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation, useNavigate, useParams } from 'react-router';
import { BarChart } from '../../ui/BarChart';
import { Button, buttonClasses } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { ErrorCard } from '../../ui/ErrorCard';
import { formatClock, formatDateTime, formatLatency } from '../../ui/format';
import { useNews } from '../../ui/News';
import { Page } from '../../ui/Page';
import { Skeleton } from '../../ui/Spinner';
import {
  type ConversationDetail,
  exportPath,
  fetchOne,
  oneKey,
  reasonWords,
  titleOf,
} from './conversations';
import { DeleteConversation } from './DeleteConversation';
import { Badges } from './Facts';
import { LatencyWords } from './LatencySpark';
import { RecordingPlayer } from './RecordingPlayer';
import { RenameForm } from './RenameForm';
import { SpokenPlayer } from './SpokenPlayer';
import { TurnItem, turnAnchor } from './TurnItem';
import { type Replay, useRecording } from './useRecording';
import { useSpokenReplay } from './useSpokenReplay';

/** While a call lasts, what is said there appears here. */
const LIVE_MS = 5_000;

export default function ConversationPage() {
  const { t } = useTranslation('conversations');
  const { id = '' } = useParams();
  const one = useQuery({
    queryKey: oneKey(id),
    queryFn: ({ signal }) => fetchOne(id, signal),
    // Left, it is forgotten: a deleted one must not come back from the cache.
    gcTime: 0,
    refetchInterval: ({ state }) => (state.data?.live ? LIVE_MS : false),
  });
  return (
    <Page
      title={one.data ? titleOf(one.data) : t('conversation')}
      actions={one.data && <GoOn id={id} />}
    >
      <Link
        to="/conversations"
        className="-mt-3 inline-flex min-h-11 items-center gap-2 self-start rounded-lg text-soft underline-offset-4 hover:text-ink hover:underline"
      >
        <ArrowLeft aria-hidden size={18} />
        {t('back')}
      </Link>
      {one.data ? (
        <Detail key={id} conversation={one.data} />
      ) : one.error ? (
        <ErrorCard
          error={one.error}
          title={t('missing')}
          onRetry={() => one.refetch()}
          retrying={one.isFetching}
        />
      ) : (
        <Skeleton rows={5} />
      )}
    </Page>
  );
}

function GoOn({ id }: { id: string }) {
  const { t } = useTranslation('conversations');
  return (
    <Link to={`/?conversation=${encodeURIComponent(id)}`} className={buttonClasses('primary')}>
      <PhoneForwarded aria-hidden size={18} />
      {t('goOn')}
    </Link>
  );
}

function Detail({ conversation }: { conversation: ConversationDetail }) {
  const { t } = useTranslation('conversations');
  const { turns, recordings, summary } = conversation;
  const { line: news, sayAndFocus } = useNews();
  const recorded = recordings.length > 0;
  const recording = useRecording(turns, recordings);
  const spoken = useSpokenReplay(conversation, !recorded && !conversation.live);
  const replay = recorded ? recording.replay : spoken.replay;
  return (
    <>
      <About conversation={conversation} />
      {news}
      {recorded && (
        <RecordingPlayer
          conversation={conversation}
          state={recording}
          onDeleted={() => sayAndFocus(t('recording.deleted'))}
        />
      )}
      {spoken.order.length > 0 && <SpokenPlayer spoken={spoken} />}
      {summary && (
        <Card title={t('summary')} intro={t('summaryIntro')}>
          <p className="whitespace-pre-wrap">{summary}</p>
        </Card>
      )}
      <Waits conversation={conversation} />
      <Transcript conversation={conversation} replay={replay} />
    </>
  );
}

function About({ conversation }: { conversation: ConversationDetail }) {
  const { t } = useTranslation('conversations');
  const navigate = useNavigate();
  const [doing, setDoing] = useState<'rename' | 'delete' | null>(null);
  const [news, setNews] = useState('');
  const { id, persona, channel, duration_s, turn_count, live } = conversation;
  const ended = [
    conversation.ended_at && formatDateTime(conversation.ended_at),
    reasonWords(conversation.ended_reason),
  ];
  const facts = [
    [t('started'), formatDateTime(conversation.started_at)],
    [t('ended'), !live && ended.filter(Boolean).join(' · ')],
    [t('lasted'), duration_s !== null && formatClock(duration_s)],
    [t('turnCount'), String(turn_count)],
    [t('where'), t(`channels.${channel}`)],
    [t('persona'), persona?.name],
  ] as const;
  return (
    <Card title={t('about')} actions={<Badges conversation={conversation} />}>
      {live && (
        <p role="status" className="text-soft text-sm">
          {t('stillOn')}
        </p>
      )}
      <dl className="grid grid-cols-1 gap-x-6 gap-y-3 min-[26rem]:grid-cols-2 sm:grid-cols-3">
        {facts.map(
          ([name, value]) =>
            value && (
              <div key={name}>
                <dt className="text-soft text-sm">{name}</dt>
                <dd>{value}</dd>
              </div>
            ),
        )}
      </dl>
      <Exports id={id} />
      {doing === 'rename' ? (
        <RenameForm
          conversation={conversation}
          onDone={(title) => {
            setDoing(null);
            if (title !== null) setNews(t('renamed', { title }));
            requestAnimationFrame(() => document.getElementById('rename')?.focus());
          }}
        />
      ) : (
        <div className="flex flex-wrap gap-2">
          <Button id="rename" onClick={() => setDoing('rename')}>
            <PencilLine aria-hidden size={18} />
            {t('rename')}
          </Button>
          <Button onClick={() => setDoing('delete')}>
            <Trash2 aria-hidden size={18} />
            {t('delete')}
          </Button>
        </div>
      )}
      <p role="status" className="sr-only">
        {news}
      </p>
      <DeleteConversation
        conversation={conversation}
        open={doing === 'delete'}
        onClose={() => setDoing(null)}
        onDeleted={() => void navigate('/conversations', { replace: true })}
      />
    </Card>
  );
}

function Exports({ id }: { id: string }) {
  const { t } = useTranslation('conversations');
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-1">
      <p id="export-as" className="inline-flex items-center gap-2 text-soft text-sm">
        <Download aria-hidden size={16} />
        {t('exportAs')}
      </p>
      <ul aria-labelledby="export-as" className="flex flex-wrap gap-x-4">
        {(['json', 'txt', 'srt'] as const).map((format) => (
          <li key={format}>
            <a
              href={exportPath(id, format)}
              download
              title={t(`exportHint.${format}`)}
              className="inline-flex min-h-11 items-center text-accent underline underline-offset-2"
            >
              {t(`export.${format}`)}
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Waits({ conversation }: { conversation: ConversationDetail }) {
  const { t } = useTranslation('conversations');
  const { latencies_s } = conversation;
  if (latencies_s.length < 2) return null;
  return (
    <Card title={t('waits')}>
      <BarChart
        label={t('waits')}
        bars={latencies_s.map((value, place) => ({
          label: t('waitOf', { count: place + 1 }),
          value,
        }))}
        format={formatLatency}
      />
      <div className="text-soft text-sm">
        <LatencyWords latencies={latencies_s} />
      </div>
    </Card>
  );
}

type TranscriptProps = { conversation: ConversationDetail; replay: Replay };

function Transcript({ conversation, replay }: TranscriptProps) {
  const { t } = useTranslation('conversations');
  const linked = useLinkedTurn();
  const { turnId, playing } = replay;
  useEffect(() => {
    if (!playing || turnId === null) return;
    document.getElementById(turnAnchor(turnId))?.scrollIntoView({ block: 'nearest' });
  }, [playing, turnId]);
  const { turns, persona, started_at } = conversation;
  return (
    <Card title={t('transcript')}>
      {turns.length === 0 ? (
        <p className="text-soft">{t('noTurns')}</p>
      ) : (
        <ol className="-mx-2 flex flex-col gap-3">
          {turns.map((turn) => (
            <TurnItem
              key={turn.id}
              turn={turn}
              agent={persona?.name ?? t('agent')}
              began_ms={Date.parse(started_at)}
              linked={linked === turnAnchor(turn.id)}
              replay={replay}
            />
          ))}
        </ol>
      )}
    </Card>
  );
}

/** The turn that the address names; it is shown, and has the focus, where a page load would do so. */
function useLinkedTurn(): string | null {
  const { hash } = useLocation();
  const linked = hash.startsWith('#turn-') ? decoded(hash.slice(1)) : null;
  useEffect(() => {
    if (linked === null) return;
    // After the heading, which the new screen gives the focus to.
    const frame = requestAnimationFrame(() => {
      const turn = document.getElementById(linked);
      turn?.scrollIntoView({ block: 'center' });
      turn?.focus({ preventScroll: true });
    });
    return () => cancelAnimationFrame(frame);
  }, [linked]);
  return linked;
}

/** Null for what was mangled on its way here. */
function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
