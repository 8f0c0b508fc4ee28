/** One JSON request to the backend, with every failure as a typed `ApiError`. */

const REQUEST_TIMEOUT_MS = 10_000;

/** `status` is null when no answer came at all; `code` is null when the answer was not ours. */
export class ApiError extends Error {
  readonly status: number | null;
  readonly code: string | null;
  readonly requestId: string | null;
  readonly retryAfter_s: number | null;

  constructor(fields: {
    status: number | null;
    code?: string | null;
    requestId?: string | null;
    retryAfter_s?: number | null;
    message?: string;
    cause?: unknown;
  }) {
    super(fields.message ?? `request failed (${fields.status ?? 'no answer'})`, {
      cause: fields.cause,
    });
    this.name = 'ApiError';
    this.status = fields.status;
    this.code = fields.code ?? null;
    this.requestId = fields.requestId ?? null;
    this.retryAfter_s = fields.retryAfter_s ?? null;
  }
}

export async function requestJson(
  path: string,
  init: { method?: string; headers?: HeadersInit; body?: string; signal?: AbortSignal } = {},
): Promise<unknown> {
  const timeout = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
  const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
  let response: Response;
  try {
    response = await fetch(path, { ...init, signal, credentials: 'same-origin' });
  } catch (cause) {
    init.signal?.throwIfAborted();
    throw new ApiError({ status: null, cause });
  }
  const body = await readJson(response);
  if (!response.ok) throw errorFrom(response, body);
  return body;
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return null;
  }
}

function errorFrom(response: Response, body: unknown): ApiError {
  const error = isRecord(body) && isRecord(body.error) ? body.error : {};
  return new ApiError({
    status: response.status,
    code: stringOrNull(error.code),
    requestId: stringOrNull(error.request_id),
    retryAfter_s: secondsFrom(response.headers.get('Retry-After')),
    message: stringOrNull(error.message) ?? `request failed (${response.status})`,
  });
}

/** `Retry-After` is either seconds or an HTTP date. */
export function secondsFrom(header: string | null, now_ms = Date.now()): number | null {
  if (header === null || header.trim() === '') return null;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, Math.ceil(seconds));
  const at_ms = Date.parse(header);
  return Number.isNaN(at_ms) ? null : Math.max(0, Math.ceil((at_ms - now_ms) / 1000));
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function stringOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
