/** Counts down the wait that a refusal asked for, in whole seconds. */

import { useEffect, useState } from 'react';
import { ApiError } from '../../client/ApiError';

const LOOK_EVERY_MS = 250;

/** Every failure is a new object, so a second wait of the same length starts anew. */
export function useWait(error: Error | null): number {
  const [left_s, setLeft] = useState(0);
  useEffect(() => {
    const wait_s = (error instanceof ApiError && error.retryAfterS) || 0;
    setLeft(wait_s);
    if (wait_s === 0) return;
    const until_ms = Date.now() + wait_s * 1000;
    const timer = setInterval(() => {
      const rest_s = Math.max(0, Math.ceil((until_ms - Date.now()) / 1000));
      setLeft(rest_s);
      if (rest_s === 0) clearInterval(timer);
    }, LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }, [error]);
  return left_s;
}
