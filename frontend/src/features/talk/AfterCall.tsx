/** What follows a call: what went wrong or how it ended, the ways on, and what was said. */

import { useCallback } from 'react';
import { useLocation } from 'react-router';
import { signInPath } from '../../app/nextPath';
import type { EndReason } from '../../voice/callState';
import { isMicrophoneProblem } from '../../voice/problem';
import { usePermissionGranted } from '../../voice/usePermissionGranted';
import { EndCard } from './EndCard';
import { ProblemActions, ProblemMessage } from './ProblemCard';
import {
  asksForHealth,
  browserFamily,
  offersHealth,
  problemWords,
  referenceOf,
  waitOf,
} from './problemWords';
import { TranscriptPanel } from './TranscriptPanel';
import { useHealth } from './useHealth';
import type { Talk } from './useTalk';

/** Mounted before the call ends: its alert region must be there before it has anything to say. */
export default function AfterCall({ talk }: { talk: Talk }) {
  const { call, entries, begin } = talk;
  const { state } = call;
  const { pathname, search } = useLocation();
  const problem = state.kind === 'failed' ? state.problem : null;
  const health = useHealth(problem !== null && asksForHealth(problem));
  const watching = problem?.kind === 'mic_denied';
  const beginWithVoice = useCallback(() => begin('voice'), [begin]);
  usePermissionGranted(watching, beginWithVoice);
  const over = state.kind === 'failed' || state.kind === 'ended';
  return (
    <div className={over ? AFTER_CALL : 'contents'}>
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
          // Who chose to stay in the call when they were signed out is not led there any more.
          signInAt={state.problem.kind === 'signed_out' ? signInPath(pathname + search) : null}
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
      {over && entries.length > 0 && (
        <div className="flex max-h-[60dvh] min-h-64 w-full flex-1 flex-col">
          <TranscriptPanel entries={entries} />
        </div>
      )}
    </div>
  );
}

const AFTER_CALL = 'mx-auto my-auto flex w-full max-w-xl flex-col items-center gap-6 px-4 py-8';

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
