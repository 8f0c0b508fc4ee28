/** Reads the agent's `parley.events`: checks every field and ignores what it does not know. */

import { isRecord } from '../client/api';

export const EVENTS_TOPIC = 'parley.events';
const EVENTS_VERSION = 1;

export const STAGES = ['stt', 'llm', 'tts'] as const;
export type Stage = (typeof STAGES)[number];

export type AgentEvent =
  | {
      type: 'tool';
      id: string;
      name: string;
      state: 'started' | 'finished' | 'failed';
      arguments: unknown;
      result: unknown;
      duration_ms: number | null;
    }
  | { type: 'turn'; e2e_latency_s: number | null; interrupted: boolean }
  | { type: 'status'; stage: Stage; state: 'down' | 'recovered' }
  /** The message is written by the agent for the caller to read. */
  | { type: 'error'; code: string; message: string | null };

export function parseAgentEvent(text: string): AgentEvent | null {
  const body = parseJson(text);
  if (!isRecord(body) || body.v !== EVENTS_VERSION) return null;
  switch (body.type) {
    case 'tool':
      return toolEvent(body);
    case 'turn':
      return {
        type: 'turn',
        e2e_latency_s: positiveNumber(body.e2e_latency_s),
        interrupted: body.interrupted === true,
      };
    case 'status':
      return statusEvent(body);
    case 'error':
      return errorEvent(body);
    default:
      return null;
  }
}

function toolEvent(body: Record<string, unknown>): AgentEvent | null {
  const { id, name, state } = body;
  if (typeof id !== 'string' || id === '' || typeof name !== 'string' || name === '') return null;
  if (state !== 'started' && state !== 'finished' && state !== 'failed') return null;
  return {
    type: 'tool',
    id,
    name,
    state,
    arguments: body.arguments ?? null,
    result: body.result ?? null,
    duration_ms: positiveNumber(body.duration_ms),
  };
}

function statusEvent(body: Record<string, unknown>): AgentEvent | null {
  const stage = STAGES.find((known) => known === body.stage);
  if (!stage || (body.state !== 'down' && body.state !== 'recovered')) return null;
  return { type: 'status', stage, state: body.state };
}

function errorEvent(body: Record<string, unknown>): AgentEvent | null {
  const { code, message } = body;
  if (typeof code !== 'string' || code === '') return null;
  return { type: 'error', code, message: typeof message === 'string' && message ? message : null };
}

function positiveNumber(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
