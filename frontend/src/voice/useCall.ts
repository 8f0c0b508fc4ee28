/** Owns the one call of the page: starts it, ends it, and says in which state it is. */

import { type DisconnectReason, isBrowserSupported, type Room, RoomEvent } from 'livekit-client';
import { useCallback, useEffect, useReducer, useRef, useState } from 'react';
import { type CallWishes, fetchTicket } from '../client/token';
import { type CallMode, type CallState, callReducer, endReason, isUnderway } from './callState';
import { readDeviceChoice } from './deviceChoice';
import type { EndedReason } from './events';
import type { Problem } from './problem';
import { CallProblem, createRoom, endReasonFrom, openCall } from './room';

/** Whatever went wrong: without an end of its own the call would begin for ever. */
const UNFORESEEN: Problem = { kind: 'request_failed', status: null, code: null, requestId: null };

export type Call = {
  state: CallState<Room>;
  /** Of the call that is or was last, or the one it was to go on with; null before the first. */
  conversationId: string | null;
  start: (mode: CallMode, wishes: CallWishes) => void;
  end: () => void;
  /** Gives the call up for a reason found while it was live. */
  fail: (problem: Problem) => void;
  /** The agent says why it ends the call; the end itself is the room's. */
  told: (reason: EndedReason) => void;
};

export function useCall(): Call {
  const [state, dispatch] = useReducer(callReducer<Room>, { kind: 'idle' });
  const underway = useRef<{ room: Room; abort: AbortController } | null>(null);
  const reasonTold = useRef<EndedReason | null>(null);
  const [conversationId, setConversationId] = useState<string | null>(null);

  const leave = useCallback((): Room | null => {
    const call = underway.current;
    underway.current = null;
    call?.abort.abort();
    void call?.room.disconnect();
    return call?.room ?? null;
  }, []);

  const start = useCallback((mode: CallMode, wishes: CallWishes) => {
    if (underway.current) return;
    const problem = pageProblem(mode);
    if (problem) {
      dispatch({ type: 'refused', mode, problem });
      return;
    }
    const room = createRoom(readDeviceChoice());
    const abort = new AbortController();
    underway.current = { room, abort };
    reasonTold.current = null;
    setConversationId(wishes.conversationId);
    // Still inside the person's gesture: from here on the browser lets the agent be heard.
    room.startAudio().catch(() => undefined);
    dispatch({ type: 'start', room, mode });
    openCall(room, {
      mode,
      wishes,
      fetchTicket,
      signal: abort.signal,
      onStep: (step) => dispatch({ type: 'step', room, step }),
    }).then(
      (ticket) => {
        setConversationId(ticket.conversationId);
        dispatch({ type: 'connected', room });
      },
      (error: unknown) => {
        if (underway.current?.room === room) underway.current = null;
        // After an abort the call is over already, and this changes nothing.
        const problem = error instanceof CallProblem ? error.problem : UNFORESEEN;
        dispatch({ type: 'failed', room, problem });
      },
    );
  }, []);

  const end = useCallback(() => {
    const room = leave();
    if (room) dispatch({ type: 'ended', room, reason: 'you' });
  }, [leave]);

  const fail = useCallback(
    (problem: Problem) => {
      const room = leave();
      if (room) dispatch({ type: 'failed', room, problem });
    },
    [leave],
  );

  const told = useCallback((reason: EndedReason) => {
    reasonTold.current = reason;
  }, []);

  const liveRoom = state.kind === 'live' ? state.room : null;
  useEffect(() => {
    if (!liveRoom) return;
    const onDisconnected = (reason?: DisconnectReason) => {
      if (underway.current?.room === liveRoom) underway.current = null;
      const why = endReason(endReasonFrom(reason), reasonTold.current);
      dispatch({ type: 'ended', room: liveRoom, reason: why });
    };
    liveRoom.on(RoomEvent.Disconnected, onDisconnected);
    return () => {
      liveRoom.off(RoomEvent.Disconnected, onDisconnected);
    };
  }, [liveRoom]);

  useEffect(() => () => void leave(), [leave]);

  useEffect(() => {
    if (!isUnderway(state)) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', warn);
    return () => window.removeEventListener('beforeunload', warn);
  }, [state]);

  return { state, conversationId, start, end, fail, told };
}

/** What can be known before any permission is asked for. */
export function pageProblem(mode: CallMode): Problem | null {
  if (!isBrowserSupported()) return { kind: 'browser_unsupported' };
  if (mode === 'voice' && !window.isSecureContext) return { kind: 'insecure_page' };
  return null;
}
