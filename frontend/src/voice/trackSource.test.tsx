// @vitest-environment jsdom

import { act, renderHook } from '@testing-library/react';
import { createAudioAnalyser, type LocalAudioTrack, TrackEvent } from 'livekit-client';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { useLevel } from './useLevel';
import { useSilence } from './useSilence';

vi.mock('livekit-client', async (original) => ({
  ...(await original<typeof import('livekit-client')>()),
  createAudioAnalyser: vi.fn(),
}));

/** Sound comes only from the device that is in use. */
function microphone() {
  const heard = new Set<() => void>();
  const track = {
    mediaStreamTrack: 'built-in',
    on: (event: string, listener: () => void) =>
      event === TrackEvent.Restarted && heard.add(listener),
    off: (_event: string, listener: () => void) => heard.delete(listener),
  };
  const cleanup = vi.fn(async () => undefined);
  vi.mocked(createAudioAnalyser).mockImplementation((listened) => {
    const device = listened.mediaStreamTrack;
    const analyser = {
      fftSize: 4,
      context: { state: 'running' },
      getFloatTimeDomainData: (samples: Float32Array) =>
        samples.fill(device === listened.mediaStreamTrack ? 0.5 : 0),
    };
    return { analyser, cleanup, calculateVolume: () => 0 } as never;
  });
  const change = (device: string) =>
    act(() => {
      track.mediaStreamTrack = device;
      for (const listener of heard) listener();
    });
  return { track: track as unknown as LocalAudioTrack, change, cleanup };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it('a microphone that was changed in the call is not called silent', () => {
  const { track, change, cleanup } = microphone();
  const { result } = renderHook(() => useSilence(track, false));
  change('headset');
  act(() => void vi.advanceTimersByTime(10_000));
  expect(result.current).toBe(false);
  expect(cleanup).toHaveBeenCalledOnce();
});

it('the level is that of the microphone in use', () => {
  const { track, change } = microphone();
  const onLevel = vi.fn();
  renderHook(() => useLevel(track, onLevel));
  change('headset');
  onLevel.mockClear();
  act(() => void vi.advanceTimersByTime(500));
  expect(onLevel.mock.lastCall?.[0]).toBeGreaterThan(0.5);
});
