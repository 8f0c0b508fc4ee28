import type { Room } from 'livekit-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../client/ApiError';
import type { CallWishes, Ticket } from '../client/token';
import type { StartStep } from './callState';
import { CallProblem, openCall, withoutUnknown } from './room';

const TICKET: Ticket = { serverUrl: 'ws://sfu', token: 't', conversationId: 'c1' };
const WISHES: CallWishes = { conversationId: 'c1', personaId: 'p1', voice: 'nova' };
const busy = (position: number) =>
  new ApiError({ status: 503, code: 'lines_busy', details: { position }, retryAfterS: 2 });
const unknown = (param: string, status = 404) => new ApiError({ status, code: 'not_found', param });

/** A text call whose ticket is refused so often before it is given. */
function open(...refusals: Error[]) {
  const room = {
    connect: vi.fn(async () => undefined),
    disconnect: vi.fn(async () => undefined),
    once: vi.fn(),
    off: vi.fn(),
  };
  const steps: StartStep[] = [];
  const abort = new AbortController();
  const fetchTicket = vi.fn(async (_wishes: CallWishes) => {
    const refusal = refusals.shift();
    if (refusal) throw refusal;
    return TICKET;
  });
  const opened = openCall(room as unknown as Room, {
    mode: 'text',
    wishes: WISHES,
    fetchTicket,
    signal: abort.signal,
    onStep: (step) => steps.push(step),
  });
  opened.catch(() => undefined);
  return { opened, room, steps, abort, fetchTicket };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('a call while all lines are busy', () => {
  it('waits in the queue, says at which place, and begins when a line is free', async () => {
    const { opened, steps, room } = open(busy(2), busy(1));
    await vi.advanceTimersByTimeAsync(4_000);
    expect(await opened).toBe(TICKET);
    expect(steps.map((step) => (step.kind === 'queued' ? step.place.position : step.kind))).toEqual(
      ['ticket', 2, 1, 'connecting'],
    );
    expect(room.connect).toHaveBeenCalledOnce();
  });

  it('asks no more once the person left the queue', async () => {
    const { opened, abort, fetchTicket } = open(busy(2), busy(2));
    await vi.advanceTimersByTimeAsync(1_000);
    abort.abort();
    await vi.advanceTimersByTimeAsync(10_000);
    await expect(opened).rejects.toThrow();
    expect(fetchTicket).toHaveBeenCalledOnce();
  });
});

describe('a wish that cannot be had', () => {
  it('is dropped, and the call begins without it', async () => {
    const { opened, fetchTicket } = open(unknown('persona_id'), unknown('conversation_id'));
    await opened;
    expect(fetchTicket.mock.lastCall?.[0]).toEqual({
      conversationId: null,
      personaId: null,
      voice: 'nova',
    });
  });

  it('is not taken for another failure', () => {
    expect(withoutUnknown(WISHES, unknown('room_name', 400))).toBeNull();
    expect(withoutUnknown({ ...WISHES, voice: null }, unknown('voice', 400))).toBeNull();
    expect(withoutUnknown(WISHES, new ApiError({ status: 403, param: 'voice' }))).toBeNull();
  });

  it('ends in a problem where nothing is left to drop', async () => {
    const { opened } = open(...Array.from({ length: 2 }, () => unknown('persona_id')));
    await expect(opened).rejects.toMatchObject({ problem: { kind: 'gone' } });
    await expect(opened).rejects.toBeInstanceOf(CallProblem);
  });
});
