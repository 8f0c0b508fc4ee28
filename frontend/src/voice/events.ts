/** Reads the agent's `parley.events`: checks every field and ignores what it does not know. */

import { isRecord } from '../client/ApiError';

export const EVENTS_TOPIC = 'parley.events';
const EVENTS_VERSION = 1;

export const STAGES = ['stt', 'llm', 'tts'] as const;
export type Stage = (typeof STAGES)[number];
const STAGE_STATES = ['down', 'fallback', 'recovered'] as const;
export type StageState = (typeof STAGE_STATES)[number];

/** Why the agent says the call is over: the list of `chassis/ended.py`. */
export const ENDED_REASONS = [
  'user_hung_up',
  'user_left',
  'agent_hung_up',
  'transferred',
  'user_silent',
  'no_stt',
  'no_llm',
  'no_tts',
  'agent_lost',
  'max_duration',
  'worker_stopped',
  'room_closed',
  'lines_busy',
  'not_answered',
  'callee_busy',
  'dial_failed',
  'error',
] as const;
export type EndedReason = (typeof ENDED_REASONS)[number];

/** Where something the agent says comes from. The URL is http or https, and a stranger's. */
export type Citation = { title: string; url: string };
const MAX_CITATIONS = 20;

/** Seconds, in the order in which they happen; null when the stage did not. */
const TURN_TIMES = [
  'e2e_latency_s',
  'transcription_delay_s',
  'end_of_turn_delay_s',
  'llm_ttft_s',
  'tts_ttfb_s',
  'stt_final_at_s',
  'turn_decided_at_s',
  'llm_first_token_at_s',
  'first_phrase_at_s',
  'tts_first_byte_at_s',
  'first_sound_at_s',
  'total_s',
] as const;
export type TurnTimes = Record<(typeof TURN_TIMES)[number], number | null>;

/** How one reply came about. */
export type TurnTiming = {
  times: TurnTimes;
  /** The reply was begun before the turn was surely over. */
  preemptive: boolean;
  /** Replies begun too early and thrown away. */
  discarded: number;
  /** Stages that the standby served. */
  fallbacks: readonly Stage[];
};

export type AgentEvent =
  | {
      type: 'tool';
      id: string;
      name: string;
      state: 'started' | 'finished' | 'failed';
      arguments: unknown;
      result: unknown;
      duration_ms: number | null;
      citations: readonly Citation[];
    }
  | { type: 'turn'; timing: TurnTiming; interrupted: boolean }
  /** `since_ms` is on the clock of `Date.now`. */
  | { type: 'status'; stage: Stage; state: StageState; since_ms: number | null }
  | { type: 'recording'; on: boolean }
  /** Who answers from now on, by id, and whether with tools that look things up outside. */
  | { type: 'agent'; persona: string | null; internet: boolean }
  | { type: 'ended'; reason: EndedReason }
  /** The message is written by the agent for the caller to read. */
  | { type: 'error'; code: string; message: string | null };

export function parseAgentEvent(text: string): AgentEvent | null {
  const body = parseJson(text);
  if (!isRecord(body) || body.v !== EVENTS_VERSION) return null;
  switch (body.type) {
    case 'tool':
      return toolEvent(body);
    case 'turn':
      return turnEvent(body);
    case 'status':
      return statusEvent(body);
    case 'agent':
      return agentEvent(body);
    case 'recording':
      return recordingEvent(body);
    case 'ended':
      return endedEvent(body);
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
    citations: asList(body.citations).flatMap(citation).slice(0, MAX_CITATIONS),
  };
}

/** Empty for what is no address of the web: a link must not run a script. */
function citation(value: unknown): Citation[] {
  if (!isRecord(value) || typeof value.url !== 'string') return [];
  const url = URL.canParse(value.url) ? new URL(value.url) : null;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') return [];
  const title = typeof value.title === 'string' ? value.title.trim() : '';
  return [{ title: title || url.hostname, url: url.href }];
}

function turnEvent(body: Record<string, unknown>): AgentEvent {
  const timing: TurnTiming = {
    times: timesFrom(body),
    preemptive: body.preemptive === true,
    discarded: positiveNumber(body.discarded) ?? 0,
    fallbacks: STAGES.filter((stage) => asList(body.fallbacks).includes(stage)),
  };
  return { type: 'turn', timing, interrupted: body.interrupted === true };
}

/** The times of a turn, as events tell them and as the backend keeps them. */
export function timesFrom(body: Record<string, unknown>): TurnTimes {
  const times = TURN_TIMES.map((name) => [name, numberOrNull(name, body[name])] as const);
  return Object.fromEntries(times) as TurnTimes;
}

/** Only instants may be negative: what was done before the caller had stopped speaking. */
function numberOrNull(name: string, value: unknown): number | null {
  if (!name.endsWith('_at_s')) return positiveNumber(value);
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function statusEvent(body: Record<string, unknown>): AgentEvent | null {
  const stage = STAGES.find((known) => known === body.stage);
  const state = STAGE_STATES.find((known) => known === body.state);
  if (!stage || !state) return null;
  const since_ms = typeof body.since === 'string' ? Date.parse(body.since) : Number.NaN;
  return { type: 'status', stage, state, since_ms: Number.isNaN(since_ms) ? null : since_ms };
}

function agentEvent(body: Record<string, unknown>): AgentEvent {
  const persona = typeof body.persona === 'string' && body.persona ? body.persona : null;
  return { type: 'agent', persona, internet: body.internet === true };
}

function recordingEvent(body: Record<string, unknown>): AgentEvent | null {
  const { state } = body;
  if (state !== 'started' && state !== 'stopped') return null;
  return { type: 'recording', on: state === 'started' };
}

function endedEvent(body: Record<string, unknown>): AgentEvent | null {
  const reason = ENDED_REASONS.find((known) => known === body.reason);
  return reason ? { type: 'ended', reason } : null;
}

function errorEvent(body: Record<string, unknown>): AgentEvent | null {
  const { code, message } = body;
  if (typeof code !== 'string' || code === '') return null;
  return { type: 'error', code, message: typeof message === 'string' && message ? message : null };
}

function positiveNumber(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
