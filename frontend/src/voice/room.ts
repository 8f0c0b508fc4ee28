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
import { ApiError } from '../client/ApiError';
import type { CallWishes, Ticket } from '../client/token';
import type { CallMode, SeenReason, StartStep } from './callState';
import type { DeviceChoice } from './deviceChoice';
import {
  type Problem,
  problemFromConnect,
  problemFromMicrophone,
  problemFromTicket,
  queuePlaceFrom,
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

export type FetchTicket = (wishes: CallWishes, signal: AbortSignal) => Promise<Ticket>;

type OpenOptions = {
  mode: CallMode;
  wishes: CallWishes;
  fetchTicket: FetchTicket;
  signal: AbortSignal;
  onStep: (step: StartStep) => void;
};

/**
 * The microphone comes first and alone: when it is asked for beside the connection, a denied
 * permission fails the start while the room still connects, and an unseen call stays open.
 */
export async function openCall(room: Room, options: OpenOptions): Promise<Ticket> {
  const { mode, signal, onStep } = options;
  let microphone: LocalAudioTrack | null = null;
  try {
    if (mode === 'voice') {
      onStep({ kind: 'microphone' });
      microphone = await acquireMicrophone(room);
      signal.throwIfAborted();
    }
    const ticket = await waitForTicket(options);
    signal.throwIfAborted();
    onStep({ kind: 'connecting' });
    // From here on speech is recorded, and handed to the agent once it has joined.
    microphone?.startPreConnectBuffer();
    await connect(room, ticket, microphone);
    signal.throwIfAborted();
    return ticket;
  } catch (error) {
    microphone?.stop();
    await room.disconnect();
    throw error;
  }
}

/** While all lines are busy it stands in the queue, for as long as the person does. */
async function waitForTicket(options: OpenOptions): Promise<Ticket> {
  const { fetchTicket, signal, onStep } = options;
  let { wishes } = options;
  onStep({ kind: 'ticket' });
  for (;;) {
    try {
      return await fetchTicket(wishes, signal);
    } catch (error) {
      signal.throwIfAborted();
      const place = queuePlaceFrom(error);
      const fewer = withoutUnknown(wishes, error);
      if (place) {
        onStep({ kind: 'queued', place, asked_at_ms: performance.now() });
        await pause(place.retry_s * 1000, signal);
      } else if (fewer) {
        wishes = fewer;
      } else {
        throw new CallProblem(problemFromTicket(error), error);
      }
    }
  }
}

/** A persona deleted since it was chosen, a voice its server lost, or a call of which nothing was
 * kept must not end the wish to talk. Null if that was not what failed. */
export function withoutUnknown(wishes: CallWishes, error: unknown): CallWishes | null {
  if (!(error instanceof ApiError) || (error.status !== 404 && error.status !== 400)) return null;
  const wish = UNKNOWABLE[error.param ?? ''];
  return wish && wishes[wish] !== null ? { ...wishes, [wish]: null } : null;
}

const UNKNOWABLE: Readonly<Record<string, keyof CallWishes>> = {
  persona_id: 'personaId',
  conversation_id: 'conversationId',
  voice: 'voice',
};

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

async function acquireMicrophone(room: Room): Promise<LocalAudioTrack> {
  try {
    const tracks = await room.localParticipant.createTracks({ audio: true });
    const track = tracks.find((made): made is LocalAudioTrack => made.kind === Track.Kind.Audio);
    if (!track) throw new Error('no audio track was made');
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
