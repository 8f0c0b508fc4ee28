/** The Talk page: shows the view that belongs to the state of the call. */

import { lazy, Suspense, useCallback, useEffect, useReducer } from 'react';
import { useTranslation } from 'react-i18next';
import { useAnnouncer } from '../../ui/announcer';
import { useArrivalFocus } from '../../ui/arrivalFocus';
import { type CallMode, type CallState, isUnderway } from '../../voice/callState';
import { isMicrophoneProblem, type Problem } from '../../voice/problem';
import { transcriptReducer } from '../../voice/transcript';
import { useCall } from '../../voice/useCall';
import { usePermissionGranted } from '../../voice/usePermissionGranted';
import { EndCard } from './EndCard';
import { LeaveGuard } from './LeaveGuard';
import { ProblemActions, ProblemMessage } from './ProblemCard';
import { asksForHealth, browserFamily, problemWords, referenceOf, waitOf } from './problemWords';
import { TranscriptPanel } from './TranscriptPanel';
import { useHealth } from './useHealth';
import { Welcome } from './Welcome';

/** The call itself comes while the page is being read: Start must not wait for it. */
const loadLiveCall = () => import('./LiveCall');
const LiveCall = lazy(loadLiveCall);

export default function TalkPage() {
  const { t } = useTranslation('talk');
  const call = useCall();
  const { state, start, end, fail, told } = call;
  const [entries, dispatch] = useReducer(transcriptReducer, []);
  const heading = useArrivalFocus<HTMLHeadingElement>();
  const { message, announce } = useAnnouncer();
  const problem = state.kind === 'failed' ? state.problem : null;
  const health = useHealth(problem !== null && asksForHealth(problem));

  const begin = useCallback(
    (mode: CallMode) => {
      // After a failure the talk goes on, so its words stay; after a proper end it is a new one.
      if (keepsWords(state)) dispatch({ type: 'call_continued', id: `${performance.now()}` });
      else dispatch({ type: 'cleared' });
      start(mode);
    },
    [state, start],
  );
  const beginWithVoice = useCallback(() => begin('voice'), [begin]);
  const watching = problem?.kind === 'mic_denied';
  usePermissionGranted(watching, beginWithVoice);

  useEffect(() => whenIdle(() => void loadLiveCall().catch(() => undefined)), []);
  useEffect(() => {
    if (state.kind === 'ended' || state.kind === 'failed') dispatch({ type: 'agent_gone' });
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
        <Welcome secure={window.isSecureContext} onStart={begin} headingRef={heading} />
      )}
      {isUnderway(state) && (
        <Suspense>
          <LiveCall
            room={state.room}
            mode={state.mode}
            step={state.kind === 'starting' ? state.step : null}
            entries={entries}
            dispatch={dispatch}
            announce={announce}
            onEnd={end}
            onFail={fail}
            onTold={told}
          />
        </Suspense>
      )}
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
            textOffered={offersText(state.problem)}
            onRetry={() => begin(state.mode)}
            onTextOnly={() => begin('text')}
          />
        )}
        {state.kind === 'ended' && (
          <EndCard reason={state.reason} kept={entries.length > 0} onStart={begin} />
        )}
        {!isUnderway(state) && entries.length > 0 && (
          <div className="flex max-h-[60dvh] min-h-64 w-full flex-1 flex-col">
            <TranscriptPanel entries={entries} />
          </div>
        )}
      </div>
    </main>
  );
}

const AFTER_CALL = 'mx-auto my-auto flex w-full max-w-xl flex-col items-center gap-6 px-4 py-8';

/** After the first paint; Safari has no idle callback. */
function whenIdle(act: () => void): () => void {
  if (typeof requestIdleCallback !== 'function') {
    const timer = setTimeout(act, 500);
    return () => clearTimeout(timer);
  }
  const handle = requestIdleCallback(act);
  return () => cancelIdleCallback(handle);
}

function keepsWords<R>(state: CallState<R>): boolean {
  return state.kind === 'failed' || (state.kind === 'ended' && state.reason === 'lost');
}

/** Typing goes through the same server: it only helps where the microphone is the trouble. */
function offersText(problem: Problem): boolean {
  return isMicrophoneProblem(problem);
}
