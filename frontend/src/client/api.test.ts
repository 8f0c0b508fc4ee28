import { afterEach, describe, expect, it, vi } from 'vitest';
import { ApiError, secondsFrom } from './ApiError';
import { parseHealth, servicesDown } from './health';
import { fetchTicket } from './token';

/** Only the network itself is replaced; everything above it is ours and runs. */
const answer = (status: number, body: unknown, headers: Record<string, string> = {}) => {
  const network = vi.fn(async (_url: string, _init: RequestInit) => {
    return new Response(typeof body === 'string' ? body : JSON.stringify(body), {
      status,
      headers,
    });
  });
  vi.stubGlobal('fetch', network);
  return network;
};
const failure = async (): Promise<ApiError> => {
  const error = await fetchTicket().catch((caught: unknown) => caught);
  if (!(error instanceof ApiError)) throw new Error('expected an ApiError');
  return error;
};

afterEach(() => vi.unstubAllGlobals());

describe('asking for a ticket', () => {
  it('sends no room and no identity, and reads the answer', async () => {
    const network = answer(201, {
      server_url: 'ws://localhost:7880',
      participant_token: 'jwt',
      conversation_id: 'c1',
      later: true,
    });
    expect(await fetchTicket()).toEqual({
      serverUrl: 'ws://localhost:7880',
      token: 'jwt',
      conversationId: 'c1',
    });
    expect(JSON.parse(String(network.mock.calls[0]?.[1].body))).toEqual({
      ticket: expect.any(String),
      room_config: { agents: [{ agent_name: 'parley' }] },
    });
  });

  it('keeps code, reference and waiting time of a refusal', async () => {
    const error = { message: 'slow down', code: 'rate_limited', request_id: 'req_1' };
    answer(429, { error }, { 'Retry-After': '7' });
    expect(await failure()).toMatchObject({
      status: 429,
      code: 'rate_limited',
      requestId: 'req_1',
      retryAfterS: 7,
    });
  });

  it('survives an error page that is not ours', async () => {
    answer(502, '<html>bad gateway</html>');
    expect(await failure()).toMatchObject({ status: 502, code: null });
  });

  it('says when no answer came', async () => {
    vi.stubGlobal('fetch', async () => {
      throw new TypeError('failed to fetch');
    });
    expect((await failure()).status).toBeNull();
  });

  it('refuses an answer without a token', async () => {
    answer(201, { server_url: 'ws://x' });
    expect((await failure()).code).toBe('invalid_answer');
  });
});

describe('Retry-After', () => {
  it.each([
    ['7', 7],
    ['0.4', 1],
    ['', null],
    [null, null],
    ['soon', null],
    ['Thu, 01 Jan 1970 00:00:30 GMT', 30],
  ])('%s is %s seconds', (header, seconds) => {
    expect(secondsFrom(header, 0)).toBe(seconds);
  });
});

describe('health', () => {
  it('names the services that are down and skips unknown ones', () => {
    const services = parseHealth({
      status: 'degraded',
      services: [
        { name: 'sfu', state: 'ready', last_error: null },
        { name: 'llm', state: 'unready', last_error: 'refused' },
        { name: 'stt', state: 'odd' },
        { name: 'toaster', state: 'unready' },
        null,
      ],
    });
    expect(services.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'sfu ready',
      'llm unready',
      'stt unknown',
    ]);
    expect(servicesDown(services)).toEqual([
      { name: 'llm', state: 'unready', lastError: 'refused' },
    ]);
  });

  it('reads nothing from nonsense', () => {
    expect(parseHealth('up')).toEqual([]);
  });
});
