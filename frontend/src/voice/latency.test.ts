import { describe, expect, it } from 'vitest';
import { timesFrom } from './events';
import { latencySummary, quantile, waterfallOf } from './latency';
import { type Transcript, transcriptReducer } from './transcript';

const AHEAD = timesFrom({
  e2e_latency_s: 0.62,
  llm_ttft_s: 0.2,
  tts_ttfb_s: 0.1,
  stt_final_at_s: 0.26,
  turn_decided_at_s: 0.35,
  llm_first_token_at_s: 0.27,
  first_phrase_at_s: 0.38,
  tts_first_byte_at_s: 0.48,
  first_sound_at_s: 0.5,
});
const stages = (times: object) =>
  waterfallOf(timesFrom({ ...times }))?.bars.map((bar) => bar.stage) ?? null;

describe('the waterfall of a turn', () => {
  it('has a bar from the start of each stage to its end', () => {
    const spans = waterfallOf(AHEAD)?.bars.map((bar) => [bar.stage, bar.from_s, bar.to_s]);
    expect(spans).toEqual([
      ['stt_final', 0, 0.26],
      ['end_of_turn', 0, 0.35],
      ['llm_first_token', expect.closeTo(0.07), 0.27],
      ['first_phrase', 0.27, 0.38],
      ['tts_first_byte', expect.closeTo(0.38), 0.48],
      ['first_sound', 0.48, 0.5],
    ]);
  });

  it('marks what was begun before the turn was decided', () => {
    const ahead = waterfallOf(AHEAD)?.bars.filter((bar) => bar.ahead);
    expect(ahead?.map((bar) => bar.stage)).toEqual(['llm_first_token', 'first_phrase']);
  });

  it('leaves out stages that did not happen', () => {
    expect(stages({ turn_decided_at_s: 0.3, first_sound_at_s: 0.9 })).toEqual([
      'end_of_turn',
      'first_sound',
    ]);
    expect(stages({ total_s: 3 })).toBeNull();
  });

  it('reaches back to work done while the person still spoke', () => {
    const early = waterfallOf(timesFrom({ llm_first_token_at_s: -0.1, llm_ttft_s: 0.2 }));
    expect(early).toMatchObject({ from_s: expect.closeTo(-0.3), to_s: expect.any(Number) });
    expect(early?.to_s).toBeGreaterThan(early?.from_s ?? 0);
  });

  it('never draws a bar backwards', () => {
    const odd = waterfallOf(timesFrom({ llm_first_token_at_s: 0.5, first_phrase_at_s: 0.4 }));
    for (const bar of odd?.bars ?? []) expect(bar.to_s).toBeGreaterThanOrEqual(bar.from_s);
  });
});

describe('the latency of a call', () => {
  const reply = (id: string, e2e_latency_s: number | null) =>
    [
      { type: 'heard', id, role: 'agent', text: 'Yes.', final: true },
      {
        type: 'timed',
        timing: {
          times: timesFrom({ e2e_latency_s }),
          preemptive: false,
          discarded: 0,
          fallbacks: [],
        },
      },
    ] as const;
  const call = (...latencies: (number | null)[]) =>
    latencies
      .flatMap((latency, place) => reply(`a${place}`, latency))
      .reduce<Transcript>(transcriptReducer, []);

  it('is the middle and the tail of its replies', () => {
    expect(latencySummary(call(1, 0.5, 2))).toEqual({
      count: 3,
      median_s: 1,
      p95_s: expect.closeTo(1.9),
    });
  });

  it('does not count replies without one, as a greeting', () => {
    expect(latencySummary(call(null))).toBeNull();
    expect(latencySummary(call(null, 0.7))).toEqual({ count: 1, median_s: 0.7, p95_s: 0.7 });
  });

  it('lies between two numbers where it must', () => {
    expect(quantile([1, 2], 0.5)).toBe(1.5);
    expect(quantile([4], 0.95)).toBe(4);
  });
});
