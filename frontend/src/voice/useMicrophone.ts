/** The person's microphone in one call: the track, whether it is muted, and the switch. */

import {
  type LocalAudioTrack,
  MediaDeviceFailure,
  ParticipantEvent,
  type Room,
  RoomEvent,
  Track,
} from 'livekit-client';
import { useCallback, useEffect, useState } from 'react';

export type Microphone = {
  track: LocalAudioTrack | null;
  muted: boolean;
  /** True once a device failed during the call; switching on or choosing a device clears it. */
  failed: boolean;
  toggle: () => void;
};

const CHANGES = [
  ParticipantEvent.LocalTrackPublished,
  ParticipantEvent.LocalTrackUnpublished,
  ParticipantEvent.TrackMuted,
  ParticipantEvent.TrackUnmuted,
] as const;

export function useMicrophone(room: Room): Microphone {
  const [, redraw] = useState(0);
  const [failed, setFailed] = useState(false);
  const participant = room.localParticipant;

  useEffect(() => {
    const onChange = () => redraw((count) => count + 1);
    for (const event of CHANGES) participant.on(event, onChange);
    return () => {
      for (const event of CHANGES) participant.off(event, onChange);
    };
  }, [participant]);

  useEffect(() => {
    const onError = (error: Error) => setFailed(MediaDeviceFailure.getFailure(error) !== undefined);
    const onDevice = () => setFailed(false);
    room.on(RoomEvent.MediaDevicesError, onError);
    room.on(RoomEvent.ActiveDeviceChanged, onDevice);
    return () => {
      room.off(RoomEvent.MediaDevicesError, onError);
      room.off(RoomEvent.ActiveDeviceChanged, onDevice);
    };
  }, [room]);

  const publication = participant.getTrackPublication(Track.Source.Microphone);
  const muted = publication?.isMuted ?? false;
  // Muting keeps the track published, so the agent goes on talking and listening for text.
  const toggle = useCallback(() => {
    participant.setMicrophoneEnabled(muted).then(
      () => setFailed(false),
      () => setFailed(true),
    );
  }, [participant, muted]);

  return {
    track: (publication?.track as LocalAudioTrack | undefined) ?? null,
    muted,
    failed,
    toggle,
  };
}
