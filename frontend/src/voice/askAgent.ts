/** Asks the agent for something by RPC: the methods of docs/agent.md. */

import { type Room, RpcError } from 'livekit-client';
import { isRecord } from '../client/ApiError';

const BUDGET_MS = 5_000;

export type AgentRequest =
  | { method: 'parley.interrupt'; payload: Record<string, never> }
  | { method: 'parley.set_voice'; payload: { voice: string } }
  | { method: 'parley.set_persona'; payload: { persona: string } }
  /** Null puts the key away: silence says again when a turn is over. */
  | { method: 'parley.push_to_talk'; payload: { pressed: boolean | null } };

/** The promise fails when the agent refuses, is late or is not there. */
export async function askAgent(room: Room, identity: string, request: AgentRequest): Promise<void> {
  await room.localParticipant.performRpc({
    destinationIdentity: identity,
    method: request.method,
    payload: JSON.stringify(request.payload),
    responseTimeout: BUDGET_MS,
  });
}

/** The code of a refusal, `unknown_voice` for one; null when there was no answer at all. */
export function refusalCode(error: unknown): string | null {
  if (!(error instanceof RpcError) || !error.data) return null;
  try {
    const body: unknown = JSON.parse(error.data);
    const inner = isRecord(body) ? body.error : null;
    return isRecord(inner) && typeof inner.code === 'string' ? inner.code : null;
  } catch {
    return null;
  }
}
