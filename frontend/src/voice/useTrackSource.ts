/** The device's own track behind a track of a call: another one once the device was changed. */

import { type Track, TrackEvent } from 'livekit-client';
import { useCallback, useSyncExternalStore } from 'react';

export function useTrackSource(track: Track | null): MediaStreamTrack | null {
  const subscribe = useCallback(
    (onChange: () => void) => {
      track?.on(TrackEvent.Restarted, onChange);
      return () => void track?.off(TrackEvent.Restarted, onChange);
    },
    [track],
  );
  return useSyncExternalStore(subscribe, () => track?.mediaStreamTrack ?? null);
}
