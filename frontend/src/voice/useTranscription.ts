/** Feeds the transcript with what the agent heard and what it says. */

import type { Room } from 'livekit-client';
import { useCallback, useRef } from 'react';
import type { Role, TranscriptAction } from './transcript';
import { type StreamHandler, useTextStreams } from './useTextStreams';

const TOPIC = 'lk.transcription';
const ATTRIBUTE = {
  segment: 'lk.segment_id',
  final: 'lk.transcription_final',
  track: 'lk.transcribed_track_id',
} as const;

export function useTranscription(room: Room, dispatch: (action: TranscriptAction) => void): void {
  const ownTracks = useRef(new Set<string>());

  const onStream = useCallback<StreamHandler>(
    async (reader, sender) => {
      const { attributes = {}, id: streamId } = reader.info;
      const id = attributes[ATTRIBUTE.segment] ?? streamId;
      // Track ids change when a track is published again, so all that were ever ours are kept.
      for (const track of room.localParticipant.trackPublications.values()) {
        ownTracks.current.add(track.trackSid);
      }
      const role = roleOf({
        trackId: attributes[ATTRIBUTE.track] ?? null,
        ownTrackIds: ownTracks.current,
        remoteTrackIds: remoteTrackIds(room),
        sender,
        ownIdentity: room.localParticipant.identity,
      });
      const final = attributes[ATTRIBUTE.final] === 'true';
      let text = '';
      try {
        for await (const chunk of reader) {
          text += chunk;
          dispatch({ type: 'heard', id, role, text, final: false });
        }
        if (final) dispatch({ type: 'heard', id, role, text, final: true });
      } finally {
        // A reply is one stream that grows; an utterance is a new stream for each correction.
        if (role === 'agent') dispatch({ type: 'closed', id });
      }
    },
    [room, dispatch],
  );

  useTextStreams(room, TOPIC, onStream);
}

type Provenance = {
  trackId: string | null;
  ownTrackIds: ReadonlySet<string>;
  remoteTrackIds: ReadonlySet<string>;
  sender: string;
  ownIdentity: string;
};

/** The transcribed track decides; agents have been seen to sign the user's words with their name. */
export function roleOf(from: Provenance): Role {
  if (from.trackId !== null) {
    if (from.ownTrackIds.has(from.trackId)) return 'user';
    if (from.remoteTrackIds.has(from.trackId)) return 'agent';
  }
  return from.sender === from.ownIdentity ? 'user' : 'agent';
}

function remoteTrackIds(room: Room): Set<string> {
  const ids = new Set<string>();
  for (const participant of room.remoteParticipants.values()) {
    for (const track of participant.trackPublications.values()) ids.add(track.trackSid);
  }
  return ids;
}
