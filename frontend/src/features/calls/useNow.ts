/** The time of day, again every second while something that lasts is shown. */

import { useEffect, useState } from 'react';

const EVERY_MS = 1_000;

export function useNow(ticking: boolean): number {
  const [now_ms, setNow] = useState(Date.now);
  useEffect(() => {
    if (!ticking) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), EVERY_MS);
    return () => clearInterval(timer);
  }, [ticking]);
  return now_ms;
}
