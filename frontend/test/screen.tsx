/** Shows one screen in a test, with router and queries; only the network is replaced. */

import { QueryClientProvider } from '@tanstack/react-query';
import { render } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import type { ReactElement } from 'react';
import { createMemoryRouter, RouterProvider } from 'react-router';
import { vi } from 'vitest';
import { createQueryClient } from '../src/client/queries';
import type { Session } from '../src/client/session';

export type Call = { method: string; path: string; query: URLSearchParams; body: unknown };
type Answer = Response | object | null;
/** By `METHOD /path`; a function sees the request. A plain object is answered as 200, null as 204. */
export type Answers = Record<string, Answer | ((call: Call) => Answer | Promise<Answer>)>;

type Options = {
  /** The address, `/conversations/c1?q=x`. */
  path?: string;
  /** The address as the router sees it, `/conversations/:id`. */
  route?: string;
  answers?: Answers;
};

export function renderScreen(
  screen: ReactElement,
  { path = '/', route, answers = {} }: Options = {},
) {
  const calls = stubNetwork(answers);
  const here = new URL(path, 'http://localhost').pathname;
  const router = createMemoryRouter(
    [
      { path: route ?? here, element: screen },
      { path: '*', element: <p>elsewhere</p> },
    ],
    { initialEntries: [path] },
  );
  const client = createQueryClient();
  client.setDefaultOptions({ queries: { ...client.getDefaultOptions().queries, retry: false } });
  const view = render(
    <QueryClientProvider client={client}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  );
  return { ...view, calls, client, router, user: userEvent.setup() };
}

/** A server without accounts: what a test is told unless it says otherwise. */
export const NO_ACCOUNTS: Session = {
  auth: 'off',
  signup: 'closed',
  setup_needed: false,
  recording_allowed: false,
  user: null,
};

/** Answers every request; one that nobody expected gets a 404. Undone by `vi.unstubAllGlobals`. */
export function stubNetwork(answers: Answers): Call[] {
  const planned: Answers = { 'GET /api/auth': NO_ACCOUNTS, ...answers };
  const calls: Call[] = [];
  vi.stubGlobal('fetch', async (target: Request | string, init?: RequestInit) => {
    const request = new Request(
      typeof target === 'string' ? new URL(target, 'http://localhost') : target,
      // jsdom's signals are strangers to Node's Request.
      { ...init, signal: undefined },
    );
    const url = new URL(request.url);
    const text = await request.text();
    const call: Call = {
      method: request.method,
      path: url.pathname,
      query: url.searchParams,
      body: readBody(text),
    };
    calls.push(call);
    const found = planned[`${call.method} ${call.path}`];
    if (found === undefined) return failure(404, 'not_found');
    const answer = typeof found === 'function' ? await found(call) : found;
    if (answer instanceof Response) return answer.clone();
    return answer === null ? new Response(null, { status: 204 }) : Response.json(answer);
  });
  return calls;
}

/** A refusal in the one shape of the backend. */
export function failure(status: number, code: string, more: object = {}): Response {
  const error = { code, message: code, type: 'test', param: null, details: null, ...more };
  return Response.json({ error: { ...error, request_id: 'req_test' } }, { status });
}

function readBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text === '' ? null : text;
  }
}
