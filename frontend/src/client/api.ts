/** The way to the backend: typed requests, and every failure as one `ApiError`. */

import createClient from 'openapi-fetch';
import { ApiError, errorFrom } from './ApiError';
import type { paths } from './schema';

export { ApiError };

const REQUEST_TIMEOUT_MS = 10_000;
/** Speech is made while one waits for it. */
const SPEECH_TIMEOUT_MS = 60_000;

/** `ask(api.GET('/api/memories'))`: every path, body and answer is checked by the compiler. */
export const api = createClient<paths>({
  baseUrl: globalThis.location?.origin ?? 'http://localhost',
  credentials: 'same-origin',
  fetch: (request) => send(request, undefined, request.signal),
});

/** The answer's body; a failure is thrown as an `ApiError`. */
export async function ask<T>(request: Promise<{ data?: T }>): Promise<T> {
  // `send` has thrown already if the answer was not a good one. A 204 has no body: T is undefined.
  return (await request).data as T;
}

/** For what the schema does not describe, uploads above all. */
export async function requestJson(
  path: string,
  init: {
    method?: string;
    headers?: HeadersInit;
    body?: BodyInit;
    signal?: AbortSignal;
    /** @defaultValue 10 s */
    timeoutMs?: number;
  } = {},
): Promise<unknown> {
  return readJson(await send(path, init, init.signal, init.timeoutMs));
}

/** Text as a sound, by the gateway. */
export async function requestSpeech(
  asked: { input: string; voice?: string },
  signal: AbortSignal,
): Promise<Blob> {
  const init = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...asked, response_format: 'mp3' }),
  };
  const response = await send('/v1/audio/speech', init, signal, SPEECH_TIMEOUT_MS);
  try {
    return await response.blob();
  } catch (cause) {
    signal.throwIfAborted();
    throw new ApiError({ status: null, cause });
  }
}

const signedOut = new Set<() => void>();

/** Calls back whenever an answer says that nobody is signed in any more. */
export function onSignedOut(listener: () => void): () => void {
  signedOut.add(listener);
  return () => signedOut.delete(listener);
}

async function send(
  target: Request | string,
  init: RequestInit | undefined,
  abort: AbortSignal | undefined,
  timeoutMs = REQUEST_TIMEOUT_MS,
): Promise<Response> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = abort ? AbortSignal.any([abort, timeout]) : timeout;
  let response: Response;
  try {
    response = await fetch(target, { ...init, signal, credentials: 'same-origin' });
  } catch (cause) {
    abort?.throwIfAborted();
    throw new ApiError({ status: null, cause });
  }
  if (response.ok) return response;
  if (response.status === 401) for (const listener of signedOut) listener();
  throw errorFrom(response, await readJson(response));
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return null;
  }
}
