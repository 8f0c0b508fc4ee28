/** One visit to the Talk page: its calls, their transcript, and what the next call is to be. */

import { useCallback, useEffect, useMemo, useReducer, useState } from 'react';
import { useSearchParams } from 'react-router';
import type { CallMode, CallState } from '../../voice/callState';
import { type Transcript, type TranscriptAction, transcriptReducer } from '../../voice/transcript';
import { type Call, useCall } from '../../voice/useCall';
import { type Choices, useChoices } from './choices';
import { type Earlier, useEarlier } from './useEarlier';

/** `/?conversation=<id>` asks to go on with it. */
export const CONVERSATION_PARAM = 'conversation';

export type Talk = {
  call: Call;
  entries: Transcript;
  dispatch: (action: TranscriptAction) => void;
  choices: Choices;
  /** The conversation the next call goes on with, if the address asks for one. */
  goingOn: boolean;
  earlier: Earlier;
  begin: (mode: CallMode) => void;
  /** The same conversation again, after its call ended. */
  goOn: () => void;
};

export function useTalk(): Talk {
  const call = useCall();
  const { state, start, conversationId } = call;
  const [entries, dispatch] = useReducer(transcriptReducer, []);
  const [params, setParams] = useSearchParams();
  const asked = params.get(CONVERSATION_PARAM);
  const earlier = useEarlier(asked, dispatch);
  const choices = useTheirChoices(useChoices(useIdle()), asked !== null, earlier);
  const { wishes } = choices;

  const begin = useCallback(
    (mode: CallMode) => {
      const fresh = state.kind === 'ended';
      if (fresh) setParams({}, { replace: true });
      if (fresh || (state.kind === 'idle' && asked === null)) {
        dispatch({ type: 'cleared' });
      } else if (state.kind === 'failed') {
        dispatch({ type: 'call_continued', id: `${performance.now()}` });
      }
      const wanted = state.kind === 'failed' ? (conversationId ?? asked) : asked;
      start(mode, { ...wishes, conversationId: fresh ? null : wanted });
    },
    [state.kind, conversationId, asked, wishes, start, setParams],
  );
  const mode = modeOf(state);
  const goOn = useCallback(() => {
    dispatch({ type: 'call_continued', id: `${performance.now()}` });
    start(mode, { ...wishes, conversationId });
  }, [mode, conversationId, wishes, start]);

  useEffect(() => {
    if (state.kind === 'ended' || state.kind === 'failed') dispatch({ type: 'agent_gone' });
  }, [state.kind]);

  return {
    call,
    entries,
    dispatch,
    choices: choices.shown,
    goingOn: asked !== null,
    earlier,
    begin,
    goOn,
  };
}

/** A conversation that goes on keeps who answered it, until another is chosen in this visit. */
function useTheirChoices(choices: Choices, goingOn: boolean, earlier: Earlier) {
  const [chosen, setChosen] = useState(false);
  const theirs = goingOn && !chosen;
  const { personaId, voice } = choices;
  const wantedPersona = theirs ? null : personaId;
  const wantedVoice = theirs ? null : voice;
  const wishes = useMemo(
    () => ({ personaId: wantedPersona, voice: wantedVoice }),
    [wantedPersona, wantedVoice],
  );
  const shown: Choices = {
    ...choices,
    personaId: theirs ? (earlier.conversation?.persona?.id ?? null) : personaId,
    voice: wantedVoice,
    choosePersona: (id) => {
      setChosen(true);
      choices.choosePersona(id);
    },
    chooseVoice: (id) => {
      setChosen(true);
      choices.chooseVoice(id);
    },
  };
  return { wishes, shown };
}

/** True once the page has been drawn and has nothing better to do. */
function useIdle(): boolean {
  const [idle, setIdle] = useState(false);
  useEffect(() => whenIdle(() => setIdle(true)), []);
  return idle;
}

/** After the first paint; Safari has no idle callback. */
export function whenIdle(act: () => void): () => void {
  if (typeof requestIdleCallback !== 'function') {
    const timer = setTimeout(act, 500);
    return () => clearTimeout(timer);
  }
  const handle = requestIdleCallback(act);
  return () => cancelIdleCallback(handle);
}

function modeOf<R>(state: CallState<R>): CallMode {
  return state.kind === 'idle' ? 'voice' : state.mode;
}
