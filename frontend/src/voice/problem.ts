/** Turns the foreign errors of starting a call into a closed list of problems with a plan. */

import { ConnectionError, ConnectionErrorReason, MediaDeviceFailure } from 'livekit-client';
import { ApiError, isRecord } from '../client/ApiError';
import { unreachable } from './unreachable';

export type Problem =
  | { kind: 'insecure_page' }
  | { kind: 'browser_unsupported' }
  | { kind: 'mic_denied'; by: 'browser' | 'system' }
  | { kind: 'mic_missing' }
  | { kind: 'mic_busy' }
  | { kind: 'mic_failed' }
  | { kind: 'signed_out' }
  | { kind: 'forbidden' }
  | { kind: 'gone' }
  | { kind: 'rate_limited'; retryAfter_s: number | null }
  | { kind: 'too_many_calls'; retryAfter_s: number | null }
  | { kind: 'no_capacity'; retryAfter_s: number | null }
  | { kind: 'voice_server_down'; retryAfter_s: number | null }
  | { kind: 'voice_server_unreachable' }
  | { kind: 'token_refused' }
  | { kind: 'media_blocked' }
  | { kind: 'backend_unreachable' }
  | { kind: 'request_failed'; status: number | null; code: string | null; requestId: string | null }
  | { kind: 'agent_absent' }
  | { kind: 'agent_left' };

export type ProblemKind = Problem['kind'];

/** Statuses a proxy answers with when nothing of ours is behind it. */
const GATEWAY_STATUSES = new Set([502, 503, 504]);

export function problemFromMicrophone(error: unknown): Problem {
  const failure = MediaDeviceFailure.getFailure(error);
  switch (failure) {
    case MediaDeviceFailure.PermissionDenied:
      return { kind: 'mic_denied', by: deniedBySystem(error) ? 'system' : 'browser' };
    case MediaDeviceFailure.NotFound:
      return { kind: 'mic_missing' };
    case MediaDeviceFailure.DeviceInUse:
      return { kind: 'mic_busy' };
    case MediaDeviceFailure.Other:
    case undefined:
      return { kind: 'mic_failed' };
    default:
      return unreachable(failure);
  }
}

export function problemFromTicket(error: unknown): Problem {
  if (!(error instanceof ApiError) || error.status === null) return { kind: 'backend_unreachable' };
  const { status, code, requestId, retryAfterS: retryAfter_s } = error;
  if (status === 401) return { kind: 'signed_out' };
  if (code === 'voice_server_unreachable') return { kind: 'voice_server_down', retryAfter_s };
  if (code === 'no_agent_available') return { kind: 'no_capacity', retryAfter_s };
  if (code === 'too_many_calls') return { kind: 'too_many_calls', retryAfter_s };
  if (code === 'rate_limited' || status === 429) return { kind: 'rate_limited', retryAfter_s };
  if (code === 'origin_not_allowed' || status === 403) return { kind: 'forbidden' };
  // A persona or conversation of ours that was deleted. Without a code it is a wrong address.
  if (status === 404 && code !== null) return { kind: 'gone' };
  if (code === null && GATEWAY_STATUSES.has(status)) return { kind: 'backend_unreachable' };
  return { kind: 'request_failed', status, code, requestId };
}

const LONGEST_LINE = 1_000_000;
const QUEUE_RETRY_S = 3;

/** Where a caller stands while all lines are busy; `position` counts from 1, null if untold. */
export type QueuePlace = { position: number | null; retry_s: number };

/** Null for every other failure: those are not cured by waiting in line. */
export function queuePlaceFrom(error: unknown): QueuePlace | null {
  if (!(error instanceof ApiError) || error.code !== 'lines_busy') return null;
  const told = isRecord(error.details) ? error.details.position : null;
  const place = Number.isInteger(told) ? (told as number) : 0;
  return {
    position: place > 0 && place < LONGEST_LINE ? place : null,
    retry_s: Math.max(1, error.retryAfterS ?? QUEUE_RETRY_S),
  };
}

/** `signalled` says whether the signal connection stood when the attempt failed. */
export function problemFromConnect(error: unknown, signalled: boolean): Problem {
  if (!(error instanceof ConnectionError)) return { kind: 'voice_server_unreachable' };
  const reason = error.reason as ConnectionErrorReason;
  switch (reason) {
    case ConnectionErrorReason.NotAllowed:
      return { kind: 'token_refused' };
    // With the signal up the voice server answers, so what failed is the path for the sound.
    case ConnectionErrorReason.InternalError:
    case ConnectionErrorReason.Timeout:
      return signalled ? { kind: 'media_blocked' } : { kind: 'voice_server_unreachable' };
    case ConnectionErrorReason.ServerUnreachable:
    case ConnectionErrorReason.WebSocket:
    case ConnectionErrorReason.ServiceNotFound:
    case ConnectionErrorReason.LeaveRequest:
    case ConnectionErrorReason.Cancelled:
      return { kind: 'voice_server_unreachable' };
    default:
      return unreachable(reason);
  }
}

export function isMicrophoneProblem(problem: Problem): boolean {
  switch (problem.kind) {
    case 'insecure_page':
    case 'mic_denied':
    case 'mic_missing':
    case 'mic_busy':
    case 'mic_failed':
      return true;
    default:
      return false;
  }
}

/** Chromium names the operating system only in the message. */
function deniedBySystem(error: unknown): boolean {
  return isRecord(error) && /by system/i.test(String(error.message));
}

export { unreachable };
