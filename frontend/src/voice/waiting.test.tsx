// @vitest-environment jsdom
import { act, renderHook } from '@testing-library/react';
import {
  ConnectionState,
  ParticipantKind,
  RemoteParticipant,
  Room,
  RoomEvent,
} from 'livekit-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { useAgentPresence } from './useAgentPresence';
import { useReconnecting } from './useReconnecting';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());
const pass = (ms: number) => act(() => void vi.advanceTimersByTime(ms));

describe('waiting for the agent', () => {
  it('ends after ten seconds in a room that nobody joins', () => {
    const room = new Room();
    const { result } = renderHook(() => useAgentPresence(room, true));
    expect(result.current.kind).toBe('waiting');
    pass(9_900);
    expect(result.current.kind).toBe('waiting');
    pass(200);
    expect(result.current.kind).toBe('absent');
  });

  it('gives a lost agent twenty seconds to be replaced', () => {
    const room = new Room();
    const kind = ParticipantKind.AGENT;
    const signal = {} as ConstructorParameters<typeof RemoteParticipant>[0];
    const agent = new RemoteParticipant(signal, 'PA_1', 'agent-1', '', '', {}, undefined, kind);
    const { result } = renderHook(() => useAgentPresence(room, true));
    room.remoteParticipants.set('agent-1', agent);
    act(() => void room.emit(RoomEvent.ParticipantConnected, agent));
    expect(result.current).toMatchObject({ kind: 'present', identity: 'agent-1' });
    room.remoteParticipants.delete('agent-1');
    act(() => void room.emit(RoomEvent.ParticipantDisconnected, agent));
    pass(19_900);
    expect(result.current.kind).toBe('away');
    pass(200);
    expect(result.current.kind).toBe('left');
  });

  it('does not count the time in which we are not connected ourselves', () => {
    const room = new Room();
    const { result, rerender } = renderHook(({ up }) => useAgentPresence(room, up), {
      initialProps: { up: true },
    });
    pass(9_000);
    rerender({ up: false });
    pass(30_000);
    rerender({ up: true });
    pass(9_000);
    expect(result.current.kind).toBe('waiting');
  });
});

describe('reconnecting', () => {
  it('counts the seconds in both kinds of reconnecting and forgets them afterwards', () => {
    const { result, rerender } = renderHook(({ state }) => useReconnecting(state), {
      initialProps: { state: ConnectionState.Connected as ConnectionState },
    });
    expect(result.current).toBeNull();
    rerender({ state: ConnectionState.SignalReconnecting });
    pass(2_100);
    expect(result.current).toBe(2);
    rerender({ state: ConnectionState.Reconnecting });
    pass(2_000);
    expect(result.current).toBe(4);
    rerender({ state: ConnectionState.Connected });
    expect(result.current).toBeNull();
    rerender({ state: ConnectionState.Reconnecting });
    expect(result.current).toBe(0);
  });
});
