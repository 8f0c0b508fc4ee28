/** Opens one call: microphone, ticket and room, in an order that leaves nothing half open. */

import {
  DefaultReconnectPolicy,
  DisconnectReason,
  type LocalAudioTrack,
  Room,
  RoomEvent,
  setLogLevel,
  Track,
} from 'livekit-client';
import type { Ticket } from '../client/token';
import type { CallMode, SeenReason, StartStep } from './callState';
import type { DeviceChoice } from './deviceChoice';
import {
  type Problem,
  problemFromConnect,
  problemFromMicrophone,
  problemFromTicket,
} from './problem';

const SIGNAL_TIMEOUT_MS = 8_000;
const MEDIA_TIMEOUT_MS = 12_000;
/** Waits before each try to reconnect: about half a minute, then a new call helps more than hope. */
const RECONNECT_WAITS_MS = [0, 300, 1_200, 2_700, 4_800, 7_000, 7_000, 7_000, 7_000];

setLogLevel('error');

/** Carries the problem out of `openCall`; nothing else is thrown but an abort. */
export class CallProblem extends Error {
  readonly problem: Problem;

  constructor(problem: Problem, cause?: unknown) {
    super(problem.kind, { cause });
    this.name = 'CallProblem';
    this.problem = problem;
  }
}

export function createRoom(devices: DeviceChoice): Room {
  return new Room({
    // A remembered device is a wish, not a demand: when it is gone the browser takes its default.
    audioCaptureDefaults: {
      deviceId: devices.input ?? undefined,
      echoCancellation: true,
      noiseSuppression: true,
      autoGainControl: true,
    },
    reconnectPolicy: new DefaultReconnectPolicy(RECONNECT_WAITS_MS),
  });
}

type OpenOptions = {
  mode: CallMode;
  fetchTicket: (signal: AbortSignal) => Promise<Ticket>;
  signal: AbortSignal;
  onStep: (step: StartStep) => void;
};

/**
 * The microphone comes first and alone: when it is asked for beside the connection, a denied
 * permission fails the start while the room still connects, and an unseen call stays open.
 */
export async function openCall(room: Room, options: OpenOptions): Promise<void> {
  const { mode, fetchTicket, signal, onStep } = options;
  let microphone: LocalAudioTrack | null = null;
  try {
    if (mode === 'voice') {
      onStep('microphone');
      microphone = await acquireMicrophone(room);
      signal.throwIfAborted();
    }
    onStep('ticket');
    const ticket = await fetchTicket(signal).catch((error: unknown) => {
      signal.throwIfAborted();
      throw new CallProblem(problemFromTicket(error), error);
    });
    signal.throwIfAborted();
    onStep('connecting');
    await connect(room, ticket, microphone);
    signal.throwIfAborted();
  } catch (error) {
    microphone?.stop();
    await room.disconnect();
    throw error;
  }
}

async function acquireMicrophone(room: Room): Promise<LocalAudioTrack> {
  try {
    const tracks = await room.localParticipant.createTracks({ audio: true });
    const track = tracks.find((made): made is LocalAudioTrack => made.kind === Track.Kind.Audio);
    if (!track) throw new Error('no audio track was made');
    // Speech during connecting is recorded and handed to the agent once it has joined.
    track.startPreConnectBuffer();
    return track;
  } catch (error) {
    throw new CallProblem(problemFromMicrophone(error), error);
  }
}

async function connect(room: Room, ticket: Ticket, microphone: LocalAudioTrack | null) {
  let signalled = false;
  const onSignal = () => {
    signalled = true;
  };
  room.once(RoomEvent.SignalConnected, onSignal);
  try {
    await Promise.all([
      room.connect(ticket.serverUrl, ticket.token, {
        websocketTimeout: SIGNAL_TIMEOUT_MS,
        peerConnectionTimeout: MEDIA_TIMEOUT_MS,
      }),
      microphone &&
        room.localParticipant.publishTrack(microphone, { source: Track.Source.Microphone }),
    ]);
  } catch (error) {
    throw new CallProblem(problemFromConnect(error, signalled), error);
  } finally {
    room.off(RoomEvent.SignalConnected, onSignal);
  }
}

export function endReasonFrom(reason: DisconnectReason | undefined): SeenReason {
  switch (reason) {
    case DisconnectReason.CLIENT_INITIATED:
      return 'you';
    case DisconnectReason.ROOM_DELETED:
    case DisconnectReason.ROOM_CLOSED:
      return 'agent';
    case DisconnectReason.DUPLICATE_IDENTITY:
      return 'elsewhere';
    case DisconnectReason.PARTICIPANT_REMOVED:
      return 'removed';
    case DisconnectReason.SERVER_SHUTDOWN:
      return 'server';
    default:
      return 'lost';
  }
}
