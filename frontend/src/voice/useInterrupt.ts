/** Asks the agent to stop speaking, and says when it did not take it. */

import type { Room } from 'livekit-client';
import { useCallback, useEffect, useState } from 'react';
import { askAgent } from './askAgent';

export type Interrupt = { stop: () => void; failed: boolean };

/** `agentIdentity` is null while no agent is in the room: then stopping does nothing. */
export function useInterrupt(
  room: Room,
  agentIdentity: string | null,
  speaking: boolean,
): Interrupt {
  const [failed, setFailed] = useState(false);
  // What could not be stopped is over: the next reply has nothing to do with it.
  useEffect(() => {
    if (!speaking) setFailed(false);
  }, [speaking]);
  const stop = useCallback(() => {
    if (agentIdentity === null) return;
    setFailed(false);
    askAgent(room, agentIdentity, { method: 'parley.interrupt', payload: {} }).catch(() =>
      setFailed(true),
    );
  }, [room, agentIdentity]);
  return { stop, failed };
}
