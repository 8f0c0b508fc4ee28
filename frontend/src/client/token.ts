/** Asks the backend for a ticket to one fresh call: where to connect and with which token. */

import { ApiError, isRecord } from './ApiError';
import { requestJson } from './api';

/** The server chooses room, identity and grants; only the agent's name may be asked for. */
const ROOM_CONFIG = { agents: [{ agent_name: 'parley' }] };

/** Who is to answer, and what is gone on with; null leaves it to the server. */
export type CallWishes = {
  conversationId: string | null;
  personaId: string | null;
  voice: string | null;
};

/** Tells this page from the person's others in the line for a call. */
const PAGE = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
  byte.toString(16).padStart(2, '0'),
).join('');

const NO_WISHES: CallWishes = { conversationId: null, personaId: null, voice: null };

export type Ticket = {
  serverUrl: string;
  token: string;
  conversationId: string | null;
};

export async function fetchTicket(wishes = NO_WISHES, signal?: AbortSignal): Promise<Ticket> {
  const body = await requestJson('/api/token', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      room_config: ROOM_CONFIG,
      ticket: PAGE,
      ...(wishes.conversationId && { conversation_id: wishes.conversationId }),
      ...(wishes.personaId && { persona_id: wishes.personaId }),
      ...(wishes.voice && { voice: wishes.voice }),
    }),
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
