/** Reports how loud a track is, once a frame, without redrawing any component. */

import { createAudioAnalyser, type LocalAudioTrack, type RemoteAudioTrack } from 'livekit-client';
import { useEffect } from 'react';
import { useTrackSource } from './useTrackSource';

const SILENCE_DBFS = -60;
const LOUD_DBFS = -12;
/** Share of the way to a new level made in one frame: up fast, down slowly, as a meter does. */
const RISE = 0.5;
const FALL = 0.12;

export function useLevel(
  track: LocalAudioTrack | RemoteAudioTrack | null,
  onLevel: (level: number) => void,
): void {
  const source = useTrackSource(track);
  useEffect(() => {
    if (!track || !source) {
      onLevel(0);
      return;
    }
    const { analyser, cleanup } = createAudioAnalyser(track, { fftSize: 512 });
    const samples = new Float32Array(analyser.fftSize);
    let level = 0;
    let frame = 0;
    const measure = () => {
      analyser.getFloatTimeDomainData(samples);
      const target = levelFrom(samples);
      level += (target - level) * (target > level ? RISE : FALL);
      onLevel(level);
      frame = requestAnimationFrame(measure);
    };
    frame = requestAnimationFrame(measure);
    return () => {
      cancelAnimationFrame(frame);
      void cleanup();
    };
  }, [track, source, onLevel]);
}

/** Loudness of one frame on a scale from 0 (silence) to 1 (loud speech). */
export function levelFrom(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const dbfs = 10 * Math.log10(sum / samples.length + 1e-12);
  return Math.min(1, Math.max(0, (dbfs - SILENCE_DBFS) / (LOUD_DBFS - SILENCE_DBFS)));
}
