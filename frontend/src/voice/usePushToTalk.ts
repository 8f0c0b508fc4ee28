/** Push-to-talk: the microphone is open, and a turn lasts, for as long as a key is held. */

import { ConnectionState, type Room } from 'livekit-client';
import { useCallback, useEffect, useRef, useState } from 'react';
import { askAgent } from './askAgent';

/** People let go with the last syllable, and its sound is behind the news of the key. */
const TAIL_MS = 250;

export type TalkKey = {
  held: boolean;
  press: () => void;
  release: () => void;
  /** The agent did not take the key; the next press clears it. */
  failed: boolean;
};

/** `on` only in a live voice call; `agentIdentity` is null while no agent is in the room. */
export function usePushToTalk(room: Room, agentIdentity: string | null, on: boolean): TalkKey {
  const [held, setHeld] = useState(false);
  const [failed, setFailed] = useState(false);
  const down = useRef(false);
  const tail = useRef<ReturnType<typeof setTimeout>>(undefined);
  const told = useTeller(room, agentIdentity, setFailed);

  const release = useCallback(() => {
    if (!down.current) return;
    down.current = false;
    setHeld(false);
    tail.current = setTimeout(() => {
      told(false);
      void openMicrophone(room, false);
    }, TAIL_MS);
  }, [room, told]);

  const press = useCallback(() => {
    if (down.current) return;
    down.current = true;
    setHeld(true);
    setFailed(false);
    clearTimeout(tail.current);
    void openMicrophone(room, true);
    told(true);
  }, [room, told]);

  useEffect(() => {
    if (!on) return;
    void openMicrophone(room, false);
    return () => {
      clearTimeout(tail.current);
      down.current = false;
      setHeld(false);
      void openMicrophone(room, true);
    };
  }, [room, on]);

  useEffect(() => {
    if (!on) return;
    return () => told(null);
  }, [on, told]);

  // The key may come up where this page does not see it.
  useEffect(() => {
    if (!held) return;
    window.addEventListener('blur', release);
    return () => window.removeEventListener('blur', release);
  }, [held, release]);

  return { held, press, release, failed };
}

/** One after the other: a key that goes up must not overtake the same key going down. */
function useTeller(room: Room, identity: string | null, onFailed: (failed: boolean) => void) {
  const last = useRef<Promise<void>>(Promise.resolve());
  const used = useRef(false);
  return useCallback(
    (pressed: boolean | null) => {
      // An agent that never saw the key needs not be told that it is put away.
      if (identity === null || (pressed === null && !used.current)) return;
      used.current = pressed !== null;
      last.current = last.current
        .then(() =>
          askAgent(room, identity, { method: 'parley.push_to_talk', payload: { pressed } }),
        )
        .catch(() => onFailed(pressed !== null));
    },
    [room, identity, onFailed],
  );
}

async function openMicrophone(room: Room, open: boolean): Promise<void> {
  // After the call there is no track to open, and asking would ask for the microphone anew. A lost
  // connection is no reason: a key that comes up meanwhile must not leave the microphone open.
  if (room.state === ConnectionState.Disconnected) return;
  await room.localParticipant.setMicrophoneEnabled(open).catch(() => undefined);
}
