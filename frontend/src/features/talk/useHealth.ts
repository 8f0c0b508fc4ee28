/** Asks once which services are down, when a problem makes that worth knowing. */

import { useEffect, useState } from 'react';
import { fetchHealth, type ServiceHealth, servicesDown } from '../../client/health';

export type HealthView =
  | { kind: 'unasked' }
  | { kind: 'asking' }
  | { kind: 'unknown' }
  | { kind: 'known'; down: readonly ServiceHealth[] };

export function useHealth(wanted: boolean): HealthView {
  const [view, setView] = useState<HealthView>({ kind: 'unasked' });
  useEffect(() => {
    if (!wanted) return;
    const abort = new AbortController();
    setView({ kind: 'asking' });
    fetchHealth(abort.signal).then(
      (services) =>
        setView(
          services.length > 0
            ? { kind: 'known', down: servicesDown(services) }
            : { kind: 'unknown' },
        ),
      () => {
        if (!abort.signal.aborted) setView({ kind: 'unknown' });
      },
    );
    return () => {
      abort.abort();
      setView({ kind: 'unasked' });
    };
  }, [wanted]);
  return view;
}
