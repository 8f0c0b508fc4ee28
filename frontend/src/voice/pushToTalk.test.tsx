// @vitest-environment jsdom
import { act, renderHook } from '@testing-library/react';
import { ConnectionState, type Room } from 'livekit-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { usePushToTalk } from './usePushToTalk';

function keyed() {
  const microphone = vi.fn(async (_open: boolean) => undefined);
  const performRpc = vi.fn(async (_request: { method: string; payload: string }) => '{}');
  const room = {
    state: ConnectionState.Connected,
    localParticipant: { setMicrophoneEnabled: microphone, performRpc },
  } as unknown as Room;
  const hook = renderHook(({ on }) => usePushToTalk(room, 'agent-1', on), {
    initialProps: { on: true },
  });
  const told = () =>
    performRpc.mock.calls.map(([request]) => JSON.parse(request.payload).pressed as unknown);
  const open = () => microphone.mock.lastCall?.[0];
  const become = (state: ConnectionState) => Object.assign(room, { state });
  return { ...hook, performRpc, told, open, become };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());
const pass = (ms: number) => act(async () => void (await vi.advanceTimersByTimeAsync(ms)));

describe('push-to-talk', () => {
  it('keeps the microphone shut until the key is held', async () => {
    const { result, open, told } = keyed();
    await pass(0);
    expect(open()).toBe(false);
    expect(told()).toEqual([]);
    act(() => result.current.press());
    await pass(0);
    expect([open(), result.current.held, told()]).toEqual([true, true, [true]]);
  });

  it('ends the turn a moment after the key came up, so that no last word is lost', async () => {
    const { result, open, told } = keyed();
    act(() => result.current.press());
    act(() => result.current.release());
    await pass(100);
    expect([open(), result.current.held, told()]).toEqual([true, false, [true]]);
    await pass(200);
    expect([open(), told()]).toEqual([false, [true, false]]);
  });

  it('goes on with the turn when the key is held again at once', async () => {
    const { result, told, open } = keyed();
    act(() => result.current.press());
    act(() => result.current.release());
    await pass(100);
    act(() => result.current.press());
    await pass(1_000);
    expect(told()).not.toContain(false);
    expect(open()).toBe(true);
  });

  it.each([ConnectionState.Reconnecting, ConnectionState.SignalReconnecting])(
    'shuts the microphone also when the key comes up while %s',
    async (away) => {
      const { result, open, become } = keyed();
      act(() => result.current.press());
      become(away);
      act(() => result.current.release());
      await pass(300);
      expect(open()).toBe(false);
    },
  );

  it('leaves the microphone alone once the call is over', async () => {
    const { unmount, open, become } = keyed();
    await pass(0);
    become(ConnectionState.Disconnected);
    unmount();
    expect(open()).toBe(false);
  });

  it('lets go where the key comes up out of sight', async () => {
    const { result, told } = keyed();
    act(() => result.current.press());
    act(() => void window.dispatchEvent(new Event('blur')));
    await pass(300);
    expect(told()).toEqual([true, false]);
    expect(result.current.held).toBe(false);
  });

  it('gives the turn back to silence when it is switched off', async () => {
    const { result, rerender, told, open } = keyed();
    act(() => result.current.press());
    act(() => result.current.release());
    await pass(300);
    rerender({ on: false });
    await pass(0);
    expect(told()).toEqual([true, false, null]);
    expect(open()).toBe(true);
  });

  it('needs not put away a key that was never used', async () => {
    const { rerender, told } = keyed();
    rerender({ on: false });
    await pass(0);
    expect(told()).toEqual([]);
  });

  it('says when the agent did not take the key, until the next press', async () => {
    const { result, performRpc } = keyed();
    performRpc.mockRejectedValueOnce(new Error('no answer'));
    act(() => result.current.press());
    await pass(0);
    expect(result.current.failed).toBe(true);
    act(() => result.current.release());
    await pass(300);
    act(() => result.current.press());
    await pass(0);
    expect(result.current.failed).toBe(false);
  });
});
