/** Notices a microphone that delivers nothing at all, as a hardware switch or a wrong device does. */

import { createAudioAnalyser, type LocalAudioTrack } from 'livekit-client';
import { useEffect, useState } from 'react';
import { useTrackSource } from './useTrackSource';

const PERIOD_MS = 200;
const SILENT_AFTER_MS = 8_000;
/** Half a step of 16-bit sound: a live microphone in the quietest room is above it. */
const NOTHING = 1 / 65_536;

export function useSilence(track: LocalAudioTrack | null, muted: boolean): boolean {
  const [silent, setSilent] = useState(false);
  const source = useTrackSource(track);
  useEffect(() => {
    if (!track || !source || muted) return;
    const { analyser, cleanup } = createAudioAnalyser(track, { fftSize: 1024 });
    const samples = new Float32Array(analyser.fftSize);
    let silentFor_ms = 0;
    const timer = setInterval(() => {
      // A suspended context reads as zeros and says nothing about the microphone.
      if (analyser.context.state !== 'running') return;
      analyser.getFloatTimeDomainData(samples);
      const heard = samples.some((sample) => Math.abs(sample) > NOTHING);
      silentFor_ms = heard ? 0 : silentFor_ms + PERIOD_MS;
      setSilent(silentFor_ms >= SILENT_AFTER_MS);
    }, PERIOD_MS);
    return () => {
      clearInterval(timer);
      void cleanup();
      setSilent(false);
    };
  }, [track, source, muted]);
  return silent;
}
