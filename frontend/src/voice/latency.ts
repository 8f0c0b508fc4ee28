/** Where the time of a reply went: the bars of one turn, and the middle and the tail of a call. */

import type { TurnTimes } from './events';
import { isSpeech, type Transcript } from './transcript';

export const WATERFALL_STAGES = [
  'stt_final',
  'end_of_turn',
  'llm_first_token',
  'first_phrase',
  'tts_first_byte',
  'first_sound',
] as const;
export type WaterfallStage = (typeof WATERFALL_STAGES)[number];

/** Seconds from the end of the caller's speech. `ahead`: done before the turn was decided. */
export type WaterfallBar = { stage: WaterfallStage; from_s: number; to_s: number; ahead: boolean };
export type Waterfall = {
  bars: readonly WaterfallBar[];
  /** The span of time that all bars lie in; it holds the end of the speech, which is 0. */
  from_s: number;
  to_s: number;
  decided_at_s: number | null;
};

/** Null when no stage has a time, as of a greeting. */
export function waterfallOf(times: TurnTimes): Waterfall | null {
  const decided_at_s = times.turn_decided_at_s;
  const bars = WATERFALL_STAGES.flatMap((stage) => {
    const span = spanOf(stage, times);
    if (!span) return [];
    // A millisecond of grace: what begins at the decision was not begun ahead of it.
    const ahead =
      stage !== 'stt_final' &&
      stage !== 'end_of_turn' &&
      decided_at_s !== null &&
      span.from_s < decided_at_s - 0.001;
    return [{ stage, ...span, ahead }];
  });
  if (bars.length === 0) return null;
  const from_s = Math.min(0, ...bars.map((bar) => bar.from_s));
  const to_s = Math.max(...bars.map((bar) => bar.to_s));
  return { bars, from_s, to_s: Math.max(to_s, from_s + 0.001), decided_at_s };
}

/** A stage starts where its own duration says, else where the one before it ended. */
function spanOf(stage: WaterfallStage, times: TurnTimes): { from_s: number; to_s: number } | null {
  switch (stage) {
    case 'stt_final':
      return span(0, times.stt_final_at_s);
    case 'end_of_turn':
      return span(0, times.turn_decided_at_s);
    case 'llm_first_token':
      return span(before(times.llm_first_token_at_s, times.llm_ttft_s), times.llm_first_token_at_s);
    case 'first_phrase':
      return span(times.llm_first_token_at_s, times.first_phrase_at_s);
    case 'tts_first_byte': {
      const own = before(times.tts_first_byte_at_s, times.tts_ttfb_s);
      return span(own ?? times.first_phrase_at_s, times.tts_first_byte_at_s);
    }
    case 'first_sound':
      return span(times.tts_first_byte_at_s, times.first_sound_at_s);
  }
}

function before(end_s: number | null, length_s: number | null): number | null {
  return end_s === null || length_s === null ? null : end_s - length_s;
}

function span(from_s: number | null, to_s: number | null) {
  if (to_s === null) return null;
  const start_s = from_s ?? to_s;
  return { from_s: Math.min(start_s, to_s), to_s };
}

export type LatencySummary = { count: number; median_s: number; p95_s: number };

/** Of the replies of these entries; null when none has a latency. */
export function latencySummary(entries: Transcript): LatencySummary | null {
  const latencies = entries
    .filter(isSpeech)
    .flatMap((entry) => entry.timing?.times.e2e_latency_s ?? [])
    .sort((a, b) => a - b);
  if (latencies.length === 0) return null;
  return {
    count: latencies.length,
    median_s: quantile(latencies, 0.5),
    p95_s: quantile(latencies, 0.95),
  };
}

/** Between the two nearest of `sorted`, which has at least one number. */
export function quantile(sorted: readonly number[], share: number): number {
  const place = (sorted.length - 1) * share;
  const low = sorted[Math.floor(place)] ?? Number.NaN;
  const high = sorted[Math.ceil(place)] ?? low;
  return low + (high - low) * (place - Math.floor(place));
}
