import { afterEach, describe, expect, it, vi } from 'vitest';
import { fetchTicket } from './token';

const answer = { server_url: 'ws://sfu', participant_token: 't', conversation_id: 'c1' };
const asked = async (...wishes: Parameters<typeof fetchTicket>) => {
  const fetch = vi.fn(async (_path: string, _init: RequestInit) => Response.json(answer));
  vi.stubGlobal('fetch', fetch);
  await fetchTicket(...wishes);
  return JSON.parse(String(fetch.mock.calls[0]?.[1].body));
};
afterEach(() => vi.unstubAllGlobals());

describe('asking for a ticket', () => {
  it('names who is to answer, in which voice, and what is gone on with', async () => {
    const body = await asked({ conversationId: 'c1', personaId: 'p1', voice: 'nova' });
    expect(body).toMatchObject({ conversation_id: 'c1', persona_id: 'p1', voice: 'nova' });
  });

  it('leaves to the server what nobody chose', async () => {
    const body = await asked({ conversationId: null, personaId: null, voice: null });
    expect(Object.keys(body).sort()).toEqual(['room_config', 'ticket']);
  });

  it('keeps its place in the line from one try to the next', async () => {
    const first = await asked();
    expect(first.ticket).toMatch(/^[0-9a-f]{32}$/);
    expect((await asked()).ticket).toBe(first.ticket);
  });
});
