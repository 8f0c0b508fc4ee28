/** The steps a call takes through the network, each tried by itself. */

import { type CheckInfo, CheckStatus, ConnectionCheck } from 'livekit-client';
import type { Ticket } from '../../client/token';
import { DENIED, MicrophoneCheck, SILENT } from './MicrophoneCheck';

export const STEPS = ['websocket', 'webrtc', 'turn', 'reconnect', 'publishAudio'] as const;
export type Step = (typeof STEPS)[number];
export type Outcome = 'passed' | 'failed' | 'skipped' | 'silent' | 'denied';
export type StepResult = { step: Step; outcome: Outcome; log: readonly string[] };

/** One after the other, each told when it begins and when it ends. */
export async function runChecks(
  ticket: Ticket,
  onStep: (step: Step) => void,
  onResult: (result: StepResult) => void,
  signal: AbortSignal,
): Promise<void> {
  const check = new ConnectionCheck(ticket.serverUrl, ticket.token);
  const runs: Record<Step, () => Promise<CheckInfo>> = {
    websocket: () => check.checkWebsocket(),
    webrtc: () => check.checkWebRTC(),
    turn: () => check.checkTURN(),
    reconnect: () => check.checkReconnect(),
    publishAudio: () => check.createAndRunCheck(MicrophoneCheck),
  };
  for (const step of STEPS) {
    if (signal.aborted) return;
    onStep(step);
    const info = await runs[step]();
    if (signal.aborted) return;
    const log = info.logs.map(({ level, message }) => `${level}: ${withoutSecrets(message)}`);
    onResult({ step, outcome: outcomeOf(step, info), log });
  }
}

export function outcomeOf(step: Step, info: Pick<CheckInfo, 'status' | 'logs'>): Outcome {
  if (info.status === CheckStatus.SKIPPED) return 'skipped';
  if (info.status === CheckStatus.SUCCESS) return 'passed';
  if (step !== 'publishAudio') return 'failed';
  const says = (word: string) => info.logs.some(({ message }) => message.startsWith(word));
  if (says(SILENT)) return 'silent';
  return says(DENIED) ? 'denied' : 'failed';
}

/** Tokens travel in addresses, and errors quote addresses. */
export function withoutSecrets(text: string): string {
  return text
    .replace(/(access_token|token)=[^&\s]+/gi, '$1=…')
    .replace(/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, '…');
}
