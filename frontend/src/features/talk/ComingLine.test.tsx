// @vitest-environment jsdom
import { screen, waitFor } from '@testing-library/react';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { renderScreen } from '../../../test/screen';
import type { Download, Status } from '../health/health';
import ComingLine from './ComingLine';

afterEach(() => vi.unstubAllGlobals());

const download = (service: string, more: Partial<Download> = {}): Download => ({
  service,
  model: 'a-big-one',
  phase: 'downloading',
  bytes_done: 312_000_000,
  bytes_total: 700_000_000,
  bytes_per_s: 1_000_000,
  reason: null,
  code: null,
  again_at: null,
  fix: null,
  ...more,
});
const status = (...downloads: Download[]): Status => ({
  status: 'ready',
  version: '1',
  services: (['stt', 'llm', 'tts'] as const).map((name) => ({
    name,
    state: 'ready',
    latency_ms: 1,
    last_error: null,
    since: '2026-11-21T10:00:00Z',
    code: null,
    fix: null,
    coming: downloads.find(({ service }) => service === name) ?? null,
  })),
  downloads,
});
const show = (told: () => Status, silent = false) =>
  renderScreen(<ComingLine silent={silent} />, { answers: { 'GET /api/health': () => told() } });

describe('a better engine on its way', () => {
  it('is told with how much has come, and what is next', async () => {
    show(() => status(download('stt'), download('tts', { phase: 'waiting', bytes_done: 0 })));
    expect(
      await screen.findByText(
        'Better hearing is on its way: 312 MB of 700 MB; the small one answers until then. Next: A better voice.',
      ),
    ).toBeVisible();
    expect(screen.getByRole('status')).toBeEmptyDOMElement();
  });

  it('says that it has taken over once it has', async () => {
    let told = status(download('stt'));
    const { client } = show(() => told);
    await screen.findByText(/Better hearing is on its way/);
    told = status();
    await client.refetchQueries({ queryKey: ['health'] });
    expect(await screen.findByText('Better hearing has taken over.')).toBeVisible();
    expect(screen.queryByText(/on its way/)).toBeNull();
  });

  it('is no word where nothing comes, or will not come by itself', async () => {
    const { calls } = show(() => status(download('stt', { phase: 'failed' })));
    await waitFor(() => expect(calls.some(({ path }) => path === '/api/health')).toBe(true));
    expect(screen.queryByText(/hearing/)).toBeNull();
    expect(screen.queryByRole('button')).toBeNull();
  });

  it('disturbs no call', async () => {
    const { calls, container } = show(() => status(download('stt')), true);
    await waitFor(() => expect(calls.some(({ path }) => path === '/api/health')).toBe(true));
    expect(container).toBeEmptyDOMElement();
  });

  it('is hidden by hand, and stays so', async () => {
    const { user, unmount } = show(() => status(download('stt')));
    await user.click(await screen.findByRole('button', { name: 'Hide this' }));
    expect(screen.queryByText(/hearing/)).toBeNull();
    unmount();
    const { calls } = show(() => status(download('stt')));
    expect(screen.queryByText(/hearing/)).toBeNull();
    expect(calls).toEqual([]);
  });
});
