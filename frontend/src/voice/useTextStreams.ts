/** Hands every text stream of one topic to a handler while the component is mounted. */

import type { Room, TextStreamReader } from 'livekit-client';
import { useEffect, useRef } from 'react';

export type StreamHandler = (reader: TextStreamReader, senderIdentity: string) => Promise<void>;

export function useTextStreams(room: Room, topic: string, handler: StreamHandler): void {
  const latest = useRef(handler);
  useEffect(() => {
    latest.current = handler;
  }, [handler]);

  useEffect(() => {
    room.registerTextStreamHandler(topic, (reader, sender) => {
      // A stream breaks when its sender or the room goes away; what was read until then stays.
      latest.current(reader, sender.identity).catch(() => undefined);
    });
    return () => room.unregisterTextStreamHandler(topic);
  }, [room, topic]);
}
