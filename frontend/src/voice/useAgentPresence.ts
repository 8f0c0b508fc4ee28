/** Says whether an agent is in the room, and when waiting for one has taken too long. */

import { useRemoteParticipants } from '@livekit/components-react';
import {
  ParticipantKind,
  type RemoteAudioTrack,
  type Room,
  RoomEvent,
  Track,
} from 'livekit-client';
import { useEffect, useState } from 'react';

const JOIN_BUDGET_MS = 10_000;
/** The server notices a lost agent within five seconds and sends the next, who has to get ready. */
const REPLACE_BUDGET_MS = 20_000;
const READY_BUDGET_MS = 10_000;

export type AgentPresence =
  | { kind: 'waiting' }
  | {
      kind: 'present';
      identity: string;
      reported: string | null;
      slow: boolean;
      track: RemoteAudioTrack | null;
    }
  | { kind: 'away' }
  | { kind: 'absent' }
  | { kind: 'left' };

const UPDATE_EVENTS = [
  RoomEvent.ParticipantAttributesChanged,
  RoomEvent.TrackSubscribed,
  RoomEvent.TrackUnsubscribed,
];

/** `connected` is false while connecting and while reconnecting: no time is held against the agent then. */
export function useAgentPresence(room: Room, connected: boolean): AgentPresence {
  const participants = useRemoteParticipants({ room, updateOnlyOn: UPDATE_EVENTS });
  const agent = participants.find((one) => one.kind === ParticipantKind.AGENT) ?? null;
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (agent) setSeen(true);
  }, [agent]);

  const missing = useOverdue(connected && !agent, seen ? REPLACE_BUDGET_MS : JOIN_BUDGET_MS);
  const reported = agent?.attributes['lk.agent.state'] ?? null;
  const pending = agent !== null && (reported === null || reported === 'initializing');
  const slow = useOverdue(connected && pending, READY_BUDGET_MS);

  if (agent) {
    const track = agent.getTrackPublication(Track.Source.Microphone)?.audioTrack;
    const { identity } = agent;
    return {
      kind: 'present',
      identity,
      reported,
      slow,
      track: (track as RemoteAudioTrack) ?? null,
    };
  }
  if (missing) return { kind: seen ? 'left' : 'absent' };
  return { kind: seen ? 'away' : 'waiting' };
}

/** True once `active` has been true for `budget_ms` without a break. */
function useOverdue(active: boolean, budget_ms: number): boolean {
  const [overdue, setOverdue] = useState(false);
  useEffect(() => {
    if (!active) return;
    const timer = setTimeout(() => setOverdue(true), budget_ms);
    return () => {
      clearTimeout(timer);
      setOverdue(false);
    };
  }, [active, budget_ms]);
  return overdue;
}
