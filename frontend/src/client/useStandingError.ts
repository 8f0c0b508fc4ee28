/** The failure of a read for as long as nothing better is known. */

import { useRef } from 'react';

type Read = { data: unknown; error: Error | null };

/** Asked again before it ever succeeded, a query forgets its error: what says so would come and go. */
export function useStandingError({ data, error }: Read): Error | null {
  const last = useRef<Error | null>(null);
  if (error) last.current = error;
  else if (data !== undefined) last.current = null;
  return last.current;
}
