import { MutationObserver, onlineManager } from '@tanstack/react-query';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { failure, stubNetwork } from '../../test/screen';
import { ApiError, fieldErrors } from './ApiError';
import { requestJson } from './api';
import { createQueryClient } from './queries';

const reads = async (status: number) => {
  const calls = stubNetwork({
    'GET /api/x': () => failure(status, 'x').clone(),
  });
  const read = createQueryClient().fetchQuery({
    queryKey: ['x'],
    queryFn: () => requestJson('/api/x'),
    retry: createQueryClient().getDefaultOptions().queries?.retry,
  });
  await expect(read).rejects.toBeInstanceOf(ApiError);
  return calls.length;
};

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('a read that fails', () => {
  it('is not repeated when the answer was a refusal', async () => {
    expect(await reads(404)).toBe(1);
  });

  it('is repeated twice when the server had a fault', async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true, advanceTimeDelta: 500 });
    expect(await reads(500)).toBe(3);
  });
});

describe('without a network', () => {
  afterEach(() => onlineManager.setOnline(true));

  it('a server on this machine is asked all the same', async () => {
    onlineManager.setOnline(false);
    expect(await reads(404)).toBe(1);
    stubNetwork({ 'POST /api/x': { saved: true } });
    const change = new MutationObserver(createQueryClient(), {
      mutationFn: () => requestJson('/api/x', { method: 'POST' }),
    });
    await expect(change.mutate()).resolves.toEqual({ saved: true });
  });
});

describe('what was wrong with which field', () => {
  it('is read from the details, else from the one field named', () => {
    const fields = { login: 'too short', password: 'too common', odd: 3 };
    expect(fieldErrors(new ApiError({ status: 400, details: { fields } }))).toEqual({
      login: 'too short',
      password: 'too common',
    });
    expect(fieldErrors(new ApiError({ status: 409, param: 'login', message: 'taken' }))).toEqual({
      login: 'taken',
    });
    expect(fieldErrors(new Error('other'))).toEqual({});
  });
});
