/** Stands in for the generated types until the server tells of its telephone. */

import type createClient from 'openapi-fetch';
import { api } from '../../client/api';

export type Line = {
  id: string;
  name: string;
  numbers: string[];
  allowed_addresses: string[];
  trusted_callers: string[];
  auth_user: string | null;
  has_password: boolean;
  has_pin: boolean;
  outbound_address: string | null;
  outbound_user: string | null;
  has_outbound_password: boolean;
  transport: 'auto' | 'udp' | 'tcp' | 'tls';
  media_encryption: 'disable' | 'allow' | 'require';
  persona_id: string | null;
  created_at: string;
};
export type LineChange = {
  name?: string;
  numbers?: string[];
  allowed_addresses?: string[];
  trusted_callers?: string[];
  auth_user?: string | null;
  auth_password?: string | null;
  pin?: string | null;
  outbound_address?: string | null;
  outbound_user?: string | null;
  outbound_password?: string | null;
  transport?: Line['transport'];
  media_encryption?: Line['media_encryption'];
  persona_id?: string | null;
};
export type PhoneStatus = {
  sip_reachable: boolean;
  redis: boolean;
  lines: { id: string; state: 'ready' | 'pending' | 'failed'; reason: string | null }[];
  calls_on: number;
  max_calls: number | null;
};
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
};
export type Dial = { to: string; line_id?: string | null; persona_id?: string | null };

type Says<T> = { 200: { content: { 'application/json': T } } };
type OfOne<Name extends string> = { parameters: { path: Record<Name, string> } };
type Paths = {
  '/api/phone/status': { get: { responses: Says<PhoneStatus> } };
  '/api/phone/lines': {
    get: { responses: Says<{ lines: Line[] }> };
    post: {
      requestBody: { content: { 'application/json': LineChange } };
      responses: Says<Line>;
    };
  };
  '/api/phone/lines/{line_id}': {
    patch: OfOne<'line_id'> & {
      requestBody: { content: { 'application/json': LineChange } };
      responses: Says<Line>;
    };
    delete: OfOne<'line_id'> & { responses: { 204: { content?: never } } };
  };
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
