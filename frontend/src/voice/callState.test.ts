import { describe, expect, it } from 'vitest';
import { type CallAction, type CallState, callReducer, endReason } from './callState';

const room = 'room-1';
const play = (...actions: CallAction<string>[]) =>
  actions.reduce<CallState<string>>(callReducer, { kind: 'idle' });
const start: CallAction<string> = { type: 'start', room, mode: 'voice' };
const connected: CallAction<string> = { type: 'connected', room };

describe('a call', () => {
  it('starts, goes live and ends', () => {
    expect(play(start).kind).toBe('starting');
    expect(play(start, connected).kind).toBe('live');
    expect(play(start, connected, { type: 'ended', room, reason: 'you' })).toEqual({
      kind: 'ended',
      reason: 'you',
      mode: 'voice',
    });
  });

  it('is not started twice by two quick clicks', () => {
    const twice = play(start, { type: 'start', room: 'room-2', mode: 'text' });
    expect(twice).toMatchObject({ room, mode: 'voice' });
  });

  it('does not come alive again after it was ended while connecting', () => {
    const ended = play(start, { type: 'ended', room, reason: 'you' }, connected);
    expect(ended.kind).toBe('ended');
  });

  it('is not ended by late news of the call before it', () => {
    const second = play(
      start,
      { type: 'failed', room, problem: { kind: 'agent_absent' } },
      { type: 'start', room: 'room-2', mode: 'voice' },
      { type: 'ended', room, reason: 'lost' },
    );
    expect(second).toMatchObject({ kind: 'starting', room: 'room-2' });
  });

  it('ends for the reason the agent gave, unless this page knows better', () => {
    expect(endReason('agent', 'user_silent')).toBe('user_silent');
    expect(endReason('agent', null)).toBe('agent');
    expect(endReason('lost', 'worker_stopped')).toBe('lost');
  });

  it('that failed keeps its mode, so that a retry is the same kind of call', () => {
    const failed = play(
      { type: 'start', room, mode: 'text' },
      {
        type: 'failed',
        room,
        problem: { kind: 'backend_unreachable' },
      },
    );
    expect(failed).toMatchObject({ kind: 'failed', mode: 'text' });
  });
});
