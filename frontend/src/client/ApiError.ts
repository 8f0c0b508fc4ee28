/** Every way a request can fail, as one type. */

type Fields = {
  status: number | null;
  code?: string | null;
  message?: string;
  details?: unknown;
  param?: string | null;
  requestId?: string | null;
  retryAfterS?: number | null;
  cause?: unknown;
};

/** `status` is null when no answer came at all; `code` is null when the answer was not ours. */
export class ApiError extends Error {
  readonly status: number | null;
  readonly code: string | null;
  readonly details: unknown;
  /** The field of the request that was wrong. */
  readonly param: string | null;
  /** What the owner of the server needs to find this failure in the logs. */
  readonly requestId: string | null;
  readonly retryAfterS: number | null;

  constructor(fields: Fields) {
    super(fields.message ?? `request failed (${fields.status ?? 'no answer'})`, {
      cause: fields.cause,
    });
    this.name = 'ApiError';
    this.status = fields.status;
    this.code = fields.code ?? null;
    this.details = fields.details ?? null;
    this.param = fields.param ?? null;
    this.requestId = fields.requestId ?? null;
    this.retryAfterS = fields.retryAfterS ?? null;
  }
}

/** Reads the one error shape of the backend: `{error: {code, message, details, param, request_id}}`. */
export function errorFrom(response: Response, body: unknown): ApiError {
  const error = isRecord(body) && isRecord(body.error) ? body.error : {};
  return new ApiError({
    status: response.status,
    code: stringOrNull(error.code),
    message: stringOrNull(error.message) ?? `request failed (${response.status})`,
    details: error.details,
    param: stringOrNull(error.param),
    requestId: stringOrNull(error.request_id) ?? response.headers.get('X-Request-ID'),
    retryAfterS: secondsFrom(response.headers.get('Retry-After')),
  });
}

/** What was wrong with which field of the request, in the server's words. */
export function fieldErrors(error: unknown): Record<string, string> {
  if (!(error instanceof ApiError)) return {};
  const fields = isRecord(error.details) ? error.details.fields : null;
  if (isRecord(fields)) {
    return Object.fromEntries(
      Object.entries(fields).flatMap(([field, words]) =>
        typeof words === 'string' ? [[field, words]] : [],
      ),
    );
  }
  return error.param ? { [error.param]: error.message } : {};
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
