/** Calls back once when the microphone permission turns from anything else to granted. */

import { useEffect } from 'react';

export function usePermissionGranted(active: boolean, onGranted: () => void): void {
  useEffect(() => {
    if (!active || !navigator.permissions) return;
    let status: PermissionStatus | null = null;
    let stopped = false;
    const onChange = () => {
      if (status?.state === 'granted') onGranted();
    };
    navigator.permissions.query({ name: 'microphone' as PermissionName }).then(
      (found) => {
        if (stopped) return;
        status = found;
        status.addEventListener('change', onChange);
      },
      // Some browsers do not know this permission; the retry button is there for them.
      () => undefined,
    );
    return () => {
      stopped = true;
      status?.removeEventListener('change', onChange);
    };
  }, [active, onGranted]);
}
