/** Sends the microphone's sound for a moment. The library's own check leaves it open if silent. */

import {
  Checker,
  createAudioAnalyser,
  createLocalAudioTrack,
  type LocalAudioTrack,
  MediaDeviceFailure,
} from 'livekit-client';
import { readDeviceChoice } from '../../voice/deviceChoice';
import { levelFrom } from '../../voice/useLevel';

/** How the log lines of two outcomes begin that are not the network's fault. */
export const SILENT = 'microphone silent';
export const DENIED = 'microphone not available';

const LISTEN_MS = 3_000;
const LOOK_EVERY_MS = 100;
/** Just above what the noise of a quiet room makes. */
const HEARD_LEVEL = 0.1;

export class MicrophoneCheck extends Checker {
  get description(): string {
    return 'Sending sound';
  }

  protected async perform(): Promise<void> {
    const track = await openMicrophone();
    try {
      const room = await this.connect();
      await room.localParticipant.publishTrack(track);
      const heard = await listen(track);
      const packets = await packetsSent(track);
      this.appendMessage(`${packets} audio packets sent`);
      if (packets === 0) throw new Error('no audio packets were sent');
      if (!heard) throw new Error(SILENT);
    } finally {
      track.stop();
    }
  }
}

async function openMicrophone(): Promise<LocalAudioTrack> {
  try {
    return await createLocalAudioTrack({ deviceId: readDeviceChoice().input ?? undefined });
  } catch (error) {
    const failure = MediaDeviceFailure.getFailure(error) ?? 'failed';
    throw new Error(`${DENIED}: ${failure}`, { cause: error });
  }
}

async function listen(track: LocalAudioTrack): Promise<boolean> {
  const { analyser, cleanup } = createAudioAnalyser(track, { fftSize: 2048 });
  const samples = new Float32Array(analyser.fftSize);
  let loudest = 0;
  for (let waited_ms = 0; waited_ms < LISTEN_MS; waited_ms += LOOK_EVERY_MS) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    analyser.getFloatTimeDomainData(samples);
    loudest = Math.max(loudest, levelFrom(samples));
  }
  await cleanup();
  return loudest > HEARD_LEVEL;
}

async function packetsSent(track: LocalAudioTrack): Promise<number> {
  let packets = 0;
  const stats = await track.sender?.getStats();
  stats?.forEach((stat: { type: string; packetsSent?: number }) => {
    if (stat.type === 'outbound-rtp') packets = Math.max(packets, stat.packetsSent ?? 0);
  });
  return packets;
}
