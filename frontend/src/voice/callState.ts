/** The life of one call as a closed set of states, and the only moves between them. */

import type { EndedReason } from './events';
import { type Problem, type QueuePlace, unreachable } from './problem';

export type CallMode = 'voice' | 'text';
export type StartStep =
  | { kind: 'microphone' }
  | { kind: 'ticket' }
  /** All lines are busy; `asked_at_ms` changes with each try. */
  | { kind: 'queued'; place: QueuePlace; asked_at_ms: number }
  | { kind: 'connecting' };
/** What the page sees of the end by itself. */
export type SeenReason = 'you' | 'agent' | 'elsewhere' | 'removed' | 'server' | 'lost';
/** The agent knows better, where it is the one that ended the call. */
export type EndReason = SeenReason | EndedReason;

/** `R` is the room of the call; tests need none of it but its identity. */
export type CallState<R> =
  | { kind: 'idle' }
  | { kind: 'starting'; room: R; mode: CallMode; step: StartStep }
  | { kind: 'live'; room: R; mode: CallMode }
  | { kind: 'ended'; reason: EndReason; mode: CallMode }
  | { kind: 'failed'; problem: Problem; mode: CallMode };

export type CallAction<R> =
  | { type: 'start'; room: R; mode: CallMode }
  | { type: 'step'; room: R; step: StartStep }
  | { type: 'connected'; room: R }
  | { type: 'ended'; room: R; reason: EndReason }
  | { type: 'failed'; room: R; problem: Problem }
  | { type: 'refused'; mode: CallMode; problem: Problem };

/** `told` is what the agent said of the end, if it did. A lost connection it cannot know. */
export function endReason(seen: SeenReason, told: EndedReason | null): EndReason {
  return seen === 'agent' && told !== null ? told : seen;
}

/** News of a room that is no longer the current one changes nothing. */
export function callReducer<R>(state: CallState<R>, action: CallAction<R>): CallState<R> {
  switch (action.type) {
    case 'start':
      if (isUnderway(state)) return state;
      return {
        kind: 'starting',
        room: action.room,
        mode: action.mode,
        step: { kind: 'microphone' },
      };
    case 'refused':
      if (isUnderway(state)) return state;
      return { kind: 'failed', problem: action.problem, mode: action.mode };
    case 'step':
      if (state.kind !== 'starting' || state.room !== action.room) return state;
      return { ...state, step: action.step };
    case 'connected':
      if (state.kind !== 'starting' || state.room !== action.room) return state;
      return { kind: 'live', room: state.room, mode: state.mode };
    case 'ended':
      if (!isUnderway(state) || state.room !== action.room) return state;
      return { kind: 'ended', reason: action.reason, mode: state.mode };
    case 'failed':
      if (!isUnderway(state) || state.room !== action.room) return state;
      return { kind: 'failed', problem: action.problem, mode: state.mode };
    default:
      return unreachable(action);
  }
}

export function isUnderway<R>(
  state: CallState<R>,
): state is Extract<CallState<R>, { kind: 'starting' | 'live' }> {
  return state.kind === 'starting' || state.kind === 'live';
}
