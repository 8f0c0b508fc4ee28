// @vitest-environment jsdom
import { act, renderHook } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import type { Room } from 'livekit-client';
import { describe, expect, it, vi } from 'vitest';
import { useInterrupt } from '../../voice/useInterrupt';
import { useEscape } from './liveEffects';

describe('the Escape key', () => {
  it('acts while there is something to stop', async () => {
    const stop = vi.fn();
    const { rerender } = renderHook(({ speaking }) => useEscape(speaking, stop), {
      initialProps: { speaking: false },
    });
    await userEvent.keyboard('{Escape}');
    expect(stop).not.toHaveBeenCalled();
    rerender({ speaking: true });
    await userEvent.keyboard('{Escape}');
    expect(stop).toHaveBeenCalledOnce();
  });

  it('belongs first to what is open', async () => {
    const stop = vi.fn();
    renderHook(() => useEscape(true, stop));
    const panel = (event: Event) => event.preventDefault();
    document.body.addEventListener('keydown', panel);
    await userEvent.keyboard('{Escape}');
    document.body.removeEventListener('keydown', panel);
    expect(stop).not.toHaveBeenCalled();
  });
});

describe('asking the agent to stop', () => {
  const agent = (...answers: Promise<string>[]) => {
    const performRpc = vi.fn(() => answers.shift() ?? Promise.resolve('{}'));
    const room = { localParticipant: { performRpc } } as unknown as Room;
    const { result, rerender } = renderHook(
      ({ speaking }) => useInterrupt(room, 'agent-1', speaking),
      { initialProps: { speaking: true } },
    );
    const stop = () => act(async () => result.current.stop());
    return { performRpc, result, rerender, stop };
  };

  it('calls its method', async () => {
    const { performRpc, result, stop } = agent();
    await stop();
    expect(performRpc).toHaveBeenCalledWith(
      expect.objectContaining({ destinationIdentity: 'agent-1', method: 'parley.interrupt' }),
    );
    expect(result.current.failed).toBe(false);
  });

  it('says when it was not taken, until it is asked again', async () => {
    const { result, stop } = agent(Promise.reject(new Error('refused')));
    await stop();
    expect(result.current.failed).toBe(true);
    await stop();
    expect(result.current.failed).toBe(false);
  });

  it('says nothing of it at the next reply', async () => {
    const { result, rerender, stop } = agent(Promise.reject(new Error('refused')));
    await stop();
    rerender({ speaking: false });
    rerender({ speaking: true });
    expect(result.current.failed).toBe(false);
  });
});
