/** Decides the one thing the agent is doing now, from everything that is known about the call. */

import type { CallMode } from './callState';

export type AgentState =
  | { kind: 'connecting' }
  | { kind: 'getting_ready' }
  | { kind: 'listening' }
  | { kind: 'waiting_for_text' }
  | { kind: 'waiting_for_key' }
  | { kind: 'thinking' }
  | { kind: 'using_tool'; tool: string }
  | { kind: 'speaking' }
  | { kind: 'muted' }
  | { kind: 'reconnecting' };

export type AgentFacts = {
  connected: boolean;
  reconnecting: boolean;
  /** The attribute `lk.agent.state`; null while no agent is in the room. */
  reported: string | null;
  tool: string | null;
  muted: boolean;
  mode: CallMode;
  /** Of push-to-talk; null when silence ends a turn. */
  talkKey: 'up' | 'down' | null;
};

export function agentState(facts: AgentFacts): AgentState {
  if (!facts.connected) return { kind: 'connecting' };
  if (facts.reconnecting) return { kind: 'reconnecting' };
  if (facts.reported === null || facts.reported === 'initializing') {
    return { kind: 'getting_ready' };
  }
  if (facts.reported === 'speaking') return { kind: 'speaking' };
  if (facts.tool !== null) return { kind: 'using_tool', tool: facts.tool };
  if (facts.reported === 'thinking') return { kind: 'thinking' };
  if (facts.mode === 'text') return { kind: 'waiting_for_text' };
  if (facts.talkKey !== null) {
    return { kind: facts.talkKey === 'down' ? 'listening' : 'waiting_for_key' };
  }
  return facts.muted ? { kind: 'muted' } : { kind: 'listening' };
}
