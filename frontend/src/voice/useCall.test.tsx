// @vitest-environment jsdom
import { act, renderHook, waitFor } from '@testing-library/react';
import { expect, it, vi } from 'vitest';
import * as room from './room';
import { useCall } from './useCall';

vi.mock('livekit-client', async (original) => ({
  ...(await original<typeof import('livekit-client')>()),
  isBrowserSupported: () => true,
}));
vi.mock('./room', async (original) => ({
  ...(await original<typeof import('./room')>()),
  createRoom: vi.fn(),
  openCall: vi.fn(),
}));

it('a call that fails in a way nobody foresaw can be tried again', async () => {
  vi.mocked(room.createRoom).mockReturnValue({
    startAudio: async () => undefined,
    disconnect: async () => undefined,
  } as never);
  vi.mocked(room.openCall).mockRejectedValue(new DOMException('no codec', 'NotSupportedError'));
  const { result } = renderHook(() => useCall());
  const nobody = { conversationId: null, personaId: null, voice: null };
  act(() => result.current.start('text', nobody));
  await waitFor(() => expect(result.current.state.kind).toBe('failed'));
});
