/** Plays the recordings of a conversation and says which turn is heard. */

import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Recording, Turn } from './conversations';
import { placesOf, turnAt } from './placing';
import { useSpeed } from './useSpeed';

export type Replay = {
  /** The turn that is heard, or would be next. */
  turnId: string | null;
  playing: boolean;
  /** Turns that can be played from. */
  playable: ReadonlySet<string>;
  playFrom: (turnId: string) => void;
};

export function useRecording(turns: readonly Turn[], recordings: readonly Recording[]) {
  const audio = useRef<HTMLAudioElement>(null);
  const [chosenId, choose] = useState<string | null>(null);
  const [turnId, setTurnId] = useState<string | null>(null);
  const [playing, setPlaying] = useState(false);
  const [failed, setFailed] = useState(false);
  const [speed, setSpeed] = useSpeed();
  // To be sought once the other recording is there.
  const wanted_s = useRef<number | null>(null);
  const recording = recordings.find(({ id }) => id === chosenId) ?? recordings[0] ?? null;
  const recordingId = recording?.id ?? null;
  const places = useMemo(() => placesOf(turns, recordings), [turns, recordings]);
  const playable = useMemo(() => new Set(places.map((place) => place.turnId)), [places]);

  useEffect(() => {
    if (!audio.current) return;
    audio.current.defaultPlaybackRate = speed;
    audio.current.playbackRate = speed;
  }, [speed]);

  const start = useCallback((at_s: number) => {
    if (!audio.current) return;
    audio.current.currentTime = at_s;
    // Refused or failed, its own controls and events say so.
    audio.current.play().catch(() => undefined);
  }, []);

  const playFrom = (id: string) => {
    const place = places.find((candidate) => candidate.turnId === id);
    if (!place) return;
    setTurnId(id);
    if (place.recordingId === recordingId && audio.current?.readyState) {
      start(place.at_s);
      return;
    }
    wanted_s.current = place.at_s;
    choose(place.recordingId);
    if (place.recordingId === recordingId) audio.current?.load();
  };

  const events = {
    onLoadedMetadata: () => {
      setFailed(false);
      if (wanted_s.current !== null) start(wanted_s.current);
      wanted_s.current = null;
    },
    onTimeUpdate: () => {
      if (audio.current && recordingId !== null) {
        setTurnId(turnAt(places, recordingId, audio.current.currentTime));
      }
    },
    onPlay: () => setPlaying(true),
    onPause: () => setPlaying(false),
    onEnded: () => setPlaying(false),
    // Another recording takes its place: no pause is told.
    onEmptied: () => setPlaying(false),
    onError: () => setFailed(true),
  };
  const retry = () => audio.current?.load();
  const replay: Replay = { turnId, playing, playable, playFrom };
  return { audio, recording, choose, events, failed, retry, speed, setSpeed, replay };
}

export type RecordingState = ReturnType<typeof useRecording>;
