/** The Talk page: shows the view that belongs to the state of the call. */

import { lazy, Suspense, useCallback, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { useAnnouncer } from '../../ui/announcer';
import { useArrivalFocus } from '../../ui/arrivalFocus';
import { type CallState, type EndReason, isUnderway } from '../../voice/callState';
import { isMicrophoneProblem } from '../../voice/problem';
import { usePermissionGranted } from '../../voice/usePermissionGranted';
import { EndCard } from './EndCard';
import { LeaveGuard } from './LeaveGuard';
import { ProblemActions, ProblemMessage } from './ProblemCard';
import {
  asksForHealth,
  browserFamily,
  offersHealth,
  problemWords,
  referenceOf,
  waitOf,
} from './problemWords';
import { QueueCard } from './QueueCard';
import { TranscriptPanel } from './TranscriptPanel';
import { useHealth } from './useHealth';
import { type Talk, useTalk, whenIdle } from './useTalk';
import { Welcome } from './Welcome';

/** The call itself comes while the page is being read: Start must not wait for it. */
const loadLiveCall = () => import('./LiveCall');
const LiveCall = lazy(loadLiveCall);

export default function TalkPage() {
  const { t } = useTranslation('talk');
  const talk = useTalk();
  const { state } = talk.call;
  const heading = useArrivalFocus<HTMLHeadingElement>();
  const { message, announce } = useAnnouncer();

  useEffect(() => whenIdle(() => void loadLiveCall().catch(() => undefined)), []);
  useEffect(() => {
    if (state.kind === 'ended') announce(t('announcements.ended'));
  }, [state.kind, announce, t]);

  return (
    <main
      id="main"
      tabIndex={-1}
      className={`flex flex-col ${isUnderway(state) ? 'flex-[1_0_auto]' : 'flex-1'}`}
    >
      <LeaveGuard live={isUnderway(state)} />
      <div role="status" aria-live="polite" className="sr-only">
        {message}
      </div>
      {state.kind === 'idle' && (
        <Welcome
          secure={window.isSecureContext}
          choices={talk.choices}
          earlier={talk.goingOn ? talk.earlier : null}
          onStart={talk.begin}
          headingRef={heading}
        />
      )}
      {isUnderway(state) && <Underway talk={talk} state={state} announce={announce} />}
      <AfterCall talk={talk} />
    </main>
  );
}

type Begun = Extract<Talk['call']['state'], { kind: 'starting' | 'live' }>;

function Underway(props: { talk: Talk; state: Begun; announce: (message: string) => void }) {
  const { talk, state, announce } = props;
  const { t } = useTranslation('talk');
  const step = state.kind === 'starting' ? state.step : null;
  const position = step?.kind === 'queued' ? step.place.position : null;
  useEffect(() => {
    if (position !== null) announce(t('queue.place', { count: position }));
  }, [position, announce, t]);
  if (step?.kind === 'queued') {
    return <QueueCard place={step.place} askedAt_ms={step.asked_at_ms} onCancel={talk.call.end} />;
  }
  return (
    <Suspense>
      <LiveCall
        room={state.room}
        mode={state.mode}
        step={step}
        choices={talk.choices}
        entries={talk.entries}
        dispatch={talk.dispatch}
        announce={announce}
        onEnd={talk.call.end}
        onFail={talk.call.fail}
        onTold={talk.call.told}
      />
    </Suspense>
  );
}

const AFTER_CALL = 'mx-auto my-auto flex w-full max-w-xl flex-col items-center gap-6 px-4 py-8';

/** Always on the page: its alert region must be there before there is anything to say in it. */
function AfterCall({ talk }: { talk: Talk }) {
  const { call, entries, begin } = talk;
  const { state } = call;
  const problem = state.kind === 'failed' ? state.problem : null;
  const health = useHealth(problem !== null && asksForHealth(problem));
  const watching = problem?.kind === 'mic_denied';
  const beginWithVoice = useCallback(() => begin('voice'), [begin]);
  usePermissionGranted(watching, beginWithVoice);
  return (
    <div className={isUnderway(state) || state.kind === 'idle' ? 'contents' : AFTER_CALL}>
      <div role="alert" className="w-full empty:absolute">
        {problem && (
          <ProblemMessage
            words={problemWords(problem, browserFamily(navigator.userAgent))}
            health={health}
            reference={referenceOf(problem)}
            watching={watching && problem.by === 'browser'}
          />
        )}
      </div>
      {state.kind === 'failed' && (
        <ProblemActions
          wait_s={waitOf(state.problem)}
          // Typing goes through the same server: it only helps where the microphone is the trouble.
          textOffered={isMicrophoneProblem(state.problem)}
          healthOffered={offersHealth(state.problem)}
          onRetry={() => begin(state.mode)}
          onTextOnly={() => begin('text')}
        />
      )}
      {state.kind === 'ended' && (
        <EndCard
          reason={state.reason}
          entries={entries}
          conversationId={call.conversationId}
          cut={wasCut(state.reason)}
          onStart={begin}
          onContinue={talk.goOn}
        />
      )}
      {!showsNothing(state) && entries.length > 0 && (
        <div className="flex max-h-[60dvh] min-h-64 w-full flex-1 flex-col">
          <TranscriptPanel entries={entries} />
        </div>
      )}
    </div>
  );
}

/** Before the call Welcome shows what was said on another day, if it is to go on. */
function showsNothing<R>(state: CallState<R>): boolean {
  return isUnderway(state) || state.kind === 'idle';
}

/** Neither side meant the call to end. */
function wasCut(reason: EndReason): boolean {
  switch (reason) {
    case 'lost':
    case 'server':
    case 'user_left':
    case 'agent_lost':
    case 'worker_stopped':
    case 'max_duration':
    case 'error':
    case 'no_stt':
    case 'no_llm':
    case 'no_tts':
      return true;
    default:
      return false;
  }
}
