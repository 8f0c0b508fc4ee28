/** Where in the recordings each turn is, and which turn is heard at a place: all clocks in seconds. */

import type { Recording, Turn } from './conversations';

export type Place = { turnId: string; recordingId: string; at_s: number };

/** A turn may be noted a moment before the recording's first sound, or after its last. */
const GRACE_S = 2;

/** Turns that no recording has are left out. */
export function placesOf(
  turns: readonly Pick<Turn, 'id' | 'started_at'>[],
  recordings: readonly Pick<Recording, 'id' | 'started_at' | 'duration_s'>[],
): Place[] {
  return turns.flatMap((turn) => {
    const turn_ms = Date.parse(turn.started_at);
    const holding = recordings.findLast(
      ({ started_at, duration_s }) =>
        turn_ms >= Date.parse(started_at) - GRACE_S * 1000 &&
        (duration_s === null || turn_ms <= Date.parse(started_at) + (duration_s + GRACE_S) * 1000),
    );
    if (!holding) return [];
    const at_s = Math.max(0, (turn_ms - Date.parse(holding.started_at)) / 1000);
    return [{ turnId: turn.id, recordingId: holding.id, at_s }];
  });
}

/** The last turn that has begun by then; null before the first. */
export function turnAt(places: readonly Place[], recordingId: string, at_s: number): string | null {
  const begun = places.filter((place) => place.recordingId === recordingId && place.at_s <= at_s);
  return (
    begun.reduce<Place | null>(
      (last, place) => (last === null || place.at_s >= last.at_s ? place : last),
      null,
    )?.turnId ?? null
  );
}
