/** Sends one typed message to the agent, or fails within a bounded time. */

import { ConnectionState, type Room } from 'livekit-client';

const TOPIC = 'lk.chat';
const SEND_BUDGET_MS = 8_000;

export async function sendText(room: Room, text: string): Promise<void> {
  if (room.state !== ConnectionState.Connected) throw new Error('not connected');
  let timer: ReturnType<typeof setTimeout> | undefined;
  const overdue = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('sending took too long')), SEND_BUDGET_MS);
  });
  try {
    await Promise.race([room.localParticipant.sendText(text, { topic: TOPIC }), overdue]);
  } finally {
    clearTimeout(timer);
  }
}
