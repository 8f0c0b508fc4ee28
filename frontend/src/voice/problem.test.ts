import { ConnectionError, DisconnectReason } from 'livekit-client';
import { describe, expect, it } from 'vitest';
import { ApiError } from '../client/ApiError';
import {
  problemFromConnect,
  problemFromMicrophone,
  problemFromTicket,
  queuePlaceFrom,
} from './problem';
import { endReasonFrom } from './room';

const dom = (name: string, message = '') => new DOMException(message, name);

describe('microphone errors', () => {
  it.each([
    [dom('NotAllowedError', 'Permission denied'), { kind: 'mic_denied', by: 'browser' }],
    [dom('NotAllowedError', 'Permission denied by system'), { kind: 'mic_denied', by: 'system' }],
    [dom('NotFoundError'), { kind: 'mic_missing' }],
    [dom('NotReadableError'), { kind: 'mic_busy' }],
    [dom('OverconstrainedError'), { kind: 'mic_failed' }],
  ])('%s becomes %o', (error, problem) => {
    expect(problemFromMicrophone(error)).toEqual(problem);
  });
});

describe('token endpoint errors', () => {
  it.each([
    [{ status: 401, code: 'not_signed_in' }, { kind: 'signed_out' }],
    [{ status: 404, code: 'not_found' }, { kind: 'gone' }],
    [{ status: 404 }, { kind: 'request_failed', status: 404, code: null, requestId: null }],
    [
      { status: 429, code: 'too_many_calls', retryAfterS: 5 },
      { kind: 'too_many_calls', retryAfter_s: 5 },
    ],
    [{ status: 403, code: 'origin_not_allowed' }, { kind: 'forbidden' }],
    [
      { status: 429, code: 'rate_limited', retryAfterS: 7 },
      { kind: 'rate_limited', retryAfter_s: 7 },
    ],
    [
      { status: 503, code: 'voice_server_unreachable' },
      { kind: 'voice_server_down', retryAfter_s: null },
    ],
    [
      { status: 503, code: 'no_agent_available', retryAfterS: 3 },
      { kind: 'no_capacity', retryAfter_s: 3 },
    ],
    [{ status: null }, { kind: 'backend_unreachable' }],
    [{ status: 502 }, { kind: 'backend_unreachable' }],
    [
      { status: 400, code: 'invalid_request', requestId: 'req_1' },
      { kind: 'request_failed', status: 400, code: 'invalid_request', requestId: 'req_1' },
    ],
    [{ status: 500 }, { kind: 'request_failed', status: 500, code: null, requestId: null }],
  ])('%o becomes %o', (fields, problem) => {
    expect(problemFromTicket(new ApiError(fields))).toEqual(problem);
  });

  it('anything that is not an answer means the server was not reached', () => {
    expect(problemFromTicket(new TypeError('failed'))).toEqual({ kind: 'backend_unreachable' });
  });
});

describe('the queue', () => {
  const busy = (details: unknown, retryAfterS: number | null = null) =>
    queuePlaceFrom(new ApiError({ status: 503, code: 'lines_busy', details, retryAfterS }));

  it('says at which place, and when to ask again', () => {
    expect(busy({ position: 3 }, 2)).toEqual({ position: 3, retry_s: 2 });
  });

  it('has no place where none was told', () => {
    for (const details of [null, {}, { position: 0 }, { position: 'first' }, { position: 1.5 }]) {
      expect(busy(details)).toMatchObject({ position: null });
    }
  });

  it('never asks again at once', () => {
    expect(busy({ position: 1 }, 0)?.retry_s).toBe(1);
  });

  it('is for busy lines only', () => {
    expect(queuePlaceFrom(new ApiError({ status: 503, code: 'no_agent_available' }))).toBeNull();
    expect(queuePlaceFrom(new Error('anything'))).toBeNull();
  });
});

describe('connection errors', () => {
  it.each([
    [ConnectionError.notAllowed('no', 401), false, 'token_refused'],
    [ConnectionError.serverUnreachable('gone'), false, 'voice_server_unreachable'],
    [ConnectionError.timeout('signal'), false, 'voice_server_unreachable'],
    [ConnectionError.internal('socket closed'), false, 'voice_server_unreachable'],
    [ConnectionError.internal('could not establish pc connection'), true, 'media_blocked'],
    [ConnectionError.timeout('publication'), true, 'media_blocked'],
    [new Error('anything'), false, 'voice_server_unreachable'],
  ])('%s with signal %s becomes %s', (error, signalled, kind) => {
    expect(problemFromConnect(error, signalled).kind).toBe(kind);
  });
});

describe('the end of a live call', () => {
  it.each([
    [DisconnectReason.CLIENT_INITIATED, 'you'],
    [DisconnectReason.ROOM_DELETED, 'agent'],
    [DisconnectReason.DUPLICATE_IDENTITY, 'elsewhere'],
    [DisconnectReason.PARTICIPANT_REMOVED, 'removed'],
    [DisconnectReason.SERVER_SHUTDOWN, 'server'],
    [DisconnectReason.STATE_MISMATCH, 'lost'],
    [undefined, 'lost'],
  ])('reason %s reads as %s', (reason, expected) => {
    expect(endReasonFrom(reason)).toBe(expected);
  });
});
