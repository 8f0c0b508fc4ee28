/** A persona while it is edited: what the form holds, and what is sent of it. */

import type { NewPersona, Persona } from './data';

export type Draft = {
  name: string;
  prompt: string;
  style: string;
  voice: string;
  language: string;
  greeting: string;
  /** As typed; empty: the agent's own. */
  temperature: string;
  /** null: every tool. */
  tools: readonly string[] | null;
  interruption_mode: Persona['interruption_mode'];
  interruption_words: string;
};

export type DraftProblem = 'nameMissing' | 'promptMissing' | 'temperatureRange' | 'wordsRange';
export type DraftProblems = Partial<Record<keyof Draft, DraftProblem>>;

export const TEMPERATURE_MAX = 2;
export const WORDS_MAX = 10;

export function draftOf(persona: Persona | null): Draft {
  return {
    name: persona?.name ?? '',
    prompt: persona?.prompt ?? '',
    style: persona?.style ?? '',
    voice: persona?.voice ?? '',
    language: persona?.language ?? '',
    greeting: persona?.greeting ?? '',
    temperature: persona?.temperature?.toString() ?? '',
    tools: persona?.tools ?? null,
    interruption_mode: persona?.interruption_mode ?? 'normal',
    interruption_words: (persona?.interruption_words ?? 2).toString(),
  };
}

/** What is not on the form, the model above all, stays as it is. */
export function bodyOf(draft: Draft): NewPersona {
  return {
    name: draft.name.trim(),
    prompt: draft.prompt.trim(),
    style: draft.style.trim(),
    voice: draft.voice || null,
    language: draft.language || null,
    greeting: draft.greeting.trim() || null,
    temperature: numberIn(draft.temperature),
    tools: draft.tools === null ? null : [...draft.tools],
    interruption_mode: draft.interruption_mode,
    interruption_words: numberIn(draft.interruption_words) ?? 2,
  };
}

/** What the person can put right before anything is sent. */
export function problemsOf(draft: Draft): DraftProblems {
  const problems: DraftProblems = {};
  if (draft.name.trim() === '') problems.name = 'nameMissing';
  if (draft.prompt.trim() === '') problems.prompt = 'promptMissing';
  if (!isWithin(draft.temperature, 0, TEMPERATURE_MAX, true)) {
    problems.temperature = 'temperatureRange';
  }
  const words = draft.interruption_words;
  if (!isWithin(words, 1, WORDS_MAX, false) || !Number.isInteger(numberIn(words))) {
    problems.interruption_words = 'wordsRange';
  }
  return problems;
}

export function withTool(tools: readonly string[], name: string, on: boolean): string[] {
  return on ? [...new Set([...tools, name])] : tools.filter((tool) => tool !== name);
}

function isWithin(typed: string, least: number, most: number, mayBeEmpty: boolean): boolean {
  if (typed.trim() === '') return mayBeEmpty;
  const value = numberIn(typed);
  return value !== null && value >= least && value <= most;
}

/** A decimal comma is as good as a point. */
function numberIn(typed: string): number | null {
  const plain = typed.trim().replace(',', '.');
  if (plain === '' || Number.isNaN(Number(plain))) return null;
  return Number(plain);
}
