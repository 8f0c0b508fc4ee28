/** Counts the seconds for which the connection has been away. */

import { ConnectionState } from 'livekit-client';
import { useEffect, useState } from 'react';

/** Null while the connection stands. A state of `connected` alone would miss it: it stays true. */
export function useReconnecting(connection: ConnectionState): number | null {
  const away =
    connection === ConnectionState.Reconnecting ||
    connection === ConnectionState.SignalReconnecting;
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    if (!away) return;
    const since_ms = performance.now();
    const timer = setInterval(
      () => setSeconds(Math.floor((performance.now() - since_ms) / 1000)),
      250,
    );
    return () => {
      clearInterval(timer);
      setSeconds(0);
    };
  }, [away]);
  return away ? seconds : null;
}
