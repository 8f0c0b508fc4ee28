/** Stands in for the generated types until the server tells of its telephone. */

import type createClient from 'openapi-fetch';
import { api } from '../../client/api';

export type Call = {
  id: string;
  direction: 'inbound' | 'outbound';
  caller: string | null;
  called: string | null;
  line_id: string | null;
  state: 'ringing' | 'live' | 'ended';
  started_at: string;
  answered_at: string | null;
  ended_at: string | null;
  ended_reason: string | null;
  conversation_id: string | null;
  /** Whether who asks may read its conversation. */
  conversation_open: boolean;
};
export type Dial = { to: string; line_id?: string | null; persona_id?: string | null };

type Says<T> = { 200: { content: { 'application/json': T } } };
type OfOne<Name extends string> = { parameters: { path: Record<Name, string> } };
type Paths = {
  '/api/calls': {
    get: {
      parameters: { query?: { cursor?: string; limit?: number; state?: 'live' | 'ended' } };
      responses: Says<{ calls: Call[]; next_cursor: string | null }>;
    };
    post: { requestBody: { content: { 'application/json': Dial } }; responses: Says<Call> };
  };
  '/api/calls/{call_id}': {
    delete: OfOne<'call_id'> & { responses: { 204: { content?: never } } };
  };
};

export const phoneApi = api as unknown as ReturnType<typeof createClient<Paths>>;
