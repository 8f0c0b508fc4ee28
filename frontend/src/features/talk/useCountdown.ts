/** Counts whole seconds down to zero; null means there is nothing to wait for. */

import { useEffect, useState } from 'react';

export function useCountdown(from_s: number | null): number {
  const [left_s, setLeft] = useState(from_s ?? 0);
  useEffect(() => {
    setLeft(from_s ?? 0);
    if (!from_s) return;
    const until_ms = performance.now() + from_s * 1000;
    const timer = setInterval(() => {
      const rest_s = Math.max(0, Math.ceil((until_ms - performance.now()) / 1000));
      setLeft(rest_s);
      if (rest_s === 0) clearInterval(timer);
    }, 250);
    return () => clearInterval(timer);
  }, [from_s]);
  return left_s;
}
