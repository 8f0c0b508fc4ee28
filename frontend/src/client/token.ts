/** Asks the backend for a ticket to one fresh call: where to connect and with which token. */

import { ApiError, isRecord } from './ApiError';
import { requestJson } from './api';

/** The server chooses room, identity and grants; only the agent's name may be asked for. */
const REQUEST_BODY = JSON.stringify({ room_config: { agents: [{ agent_name: 'parley' }] } });

export type Ticket = {
  serverUrl: string;
  token: string;
  conversationId: string | null;
};

export async function fetchTicket(signal?: AbortSignal): Promise<Ticket> {
  const body = await requestJson('/api/token', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: REQUEST_BODY,
    signal,
  });
  if (
    !isRecord(body) ||
    typeof body.server_url !== 'string' ||
    typeof body.participant_token !== 'string'
  ) {
    throw new ApiError({ status: 200, code: 'invalid_answer' });
  }
  return {
    serverUrl: body.server_url,
    token: body.participant_token,
    conversationId: typeof body.conversation_id === 'string' ? body.conversation_id : null,
  };
}
