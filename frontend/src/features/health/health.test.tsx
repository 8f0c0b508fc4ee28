// @vitest-environment jsdom
import { screen, waitFor, within } from '@testing-library/react';
import { CheckStatus } from 'livekit-client';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Answers, failure, NO_ACCOUNTS, renderScreen } from '../../../test/screen';
import { explanationOf, verdictOf } from './ConnectionTest';
import { outcomeOf, type StepResult, withoutSecrets } from './checks';
import HealthPage from './HealthPage';
import type { Service } from './health';
import { reportOf } from './report';

const READY: Service = {
  name: 'tts',
  state: 'ready',
  latency_ms: 4,
  last_error: null,
  since: '2026-11-21T10:00:00Z',
  code: null,
  fix: null,
};
const DOWN: Service = { ...READY, name: 'llm', state: 'unready', code: 'service_unreachable' };
const answers = (services: readonly Service[], user: object | null = null): Answers => ({
  'GET /api/auth': { ...NO_ACCOUNTS, auth: 'on', user },
  'GET /api/health': { status: 'unready', version: '1.2.3', services, downloads: [] },
});

afterEach(() => vi.unstubAllGlobals());

describe('the health page', () => {
  it('says in one sentence how it stands, and names what is down first', async () => {
    renderScreen(<HealthPage />, { answers: answers([READY, DOWN]) });
    expect(await screen.findByText('Calls do not work now.')).toBeInTheDocument();
    const names = screen.getAllByRole('heading', { level: 3 }).map((name) => name.textContent);
    expect(names).toEqual(['Language model', 'Speech synthesis']);
    expect(screen.getByText('It cannot be reached.')).toBeInTheDocument();
  });

  it('tells the way out to who is signed in, also of a fault it does not know', async () => {
    const odd = { ...DOWN, name: 'gizmo', code: 'new_fault', fix: 'Turn it off and on.' };
    const known = { ...DOWN, fix: 'as the server says it' };
    renderScreen(<HealthPage />, { answers: answers([known, odd], { login: 'ada' }) });
    expect(await screen.findByText(/Start it \(`parley up`/)).toBeInTheDocument();
    expect(screen.getByText('gizmo')).toBeInTheDocument();
    expect(screen.getByText('Turn it off and on.')).toHaveAttribute('lang', 'en');
  });

  it('works signed out, without a test', async () => {
    renderScreen(<HealthPage />, { answers: answers([DOWN]) });
    expect(await screen.findByText('Language model')).toBeInTheDocument();
    expect(screen.queryByText(/parley up/)).toBeNull();
    expect(screen.queryByRole('button', { name: 'Start the test' })).toBeNull();
    expect(screen.getByRole('link', { name: 'Sign in' })).toBeInTheDocument();
  });

  it('shows how far a better model is, when it will be here, and what is next', async () => {
    const coming = { model: 'big', phase: 'downloading', bytes_done: 312e6, bytes_total: 700e6 };
    const more = { code: null, fix: null };
    renderScreen(<HealthPage />, {
      answers: {
        ...answers([]),
        'GET /api/health': {
          ...{ status: 'ready', version: '1', services: [READY] },
          downloads: [
            { ...coming, ...more, service: 'stt', bytes_per_s: 2e6 },
            { ...coming, ...more, service: 'tts', phase: 'waiting', bytes_done: 0 },
          ],
        },
      },
    });
    const bar = await screen.findByRole('progressbar', {
      name: 'Speech recognition: how much has come',
    });
    expect(bar).toHaveAttribute('value', '312000000');
    expect(
      screen.getByText('312 MB of 700 MB · 2 MB a second · here in 3 minutes'),
    ).toBeInTheDocument();
    expect(screen.getByText('Next')).toBeInTheDocument();
  });

  it('says why a model did not come and what to do', async () => {
    const failed = {
      ...{ service: 'llm', model: 'big', phase: 'failed', bytes_done: 0, bytes_total: 700e6 },
      ...{ code: 'download_disk_full', fix: 'as the server says it', reason: 'no space left' },
    };
    renderScreen(<HealthPage />, {
      answers: {
        ...answers([]),
        'GET /api/health': {
          ...{ status: 'ready', version: '1', services: [READY], downloads: [failed] },
        },
      },
    });
    expect(await screen.findByText('There is no room for the model.')).toBeInTheDocument();
    expect(screen.getByText(/Make room in the models folder/)).toBeInTheDocument();
    expect(screen.getByText('no space left')).toBeInTheDocument();
  });

  it('says when the server itself does not answer', async () => {
    renderScreen(<HealthPage />, {
      answers: { ...answers([]), 'GET /api/health': failure(503, 'unavailable') },
    });
    expect(await screen.findByRole('alert')).toBeInTheDocument();
  });

  it('goes on saying so while it is asked again', async () => {
    const asked: ((answer: Response) => void)[] = [];
    const { user } = renderScreen(<HealthPage />, {
      answers: {
        ...answers([]),
        'GET /api/health': () => new Promise<Response>((resolve) => asked.push(resolve)),
      },
    });
    await waitFor(() => expect(asked).toHaveLength(1));
    asked[0]?.(failure(503, 'unavailable'));
    const again = await within(await screen.findByRole('alert')).findByRole('button');
    await user.click(again);
    await waitFor(() => expect(asked).toHaveLength(2));
    expect(again).toHaveFocus();
    asked[1]?.(Response.json({ status: 'ready', version: '1', services: [], downloads: [] }));
    await waitFor(() => expect(screen.queryByRole('alert')).toBeNull());
  });

  it('says why a test could not begin', async () => {
    const { user } = renderScreen(<HealthPage />, {
      answers: {
        ...answers([READY], { login: 'ada' }),
        'POST /api/token': failure(503, 'lines_busy'),
      },
    });
    await user.click(await screen.findByRole('button', { name: 'Start the test' }));
    expect(await screen.findByText('The test could not begin')).toBeInTheDocument();
  });
});

describe('a step of the test', () => {
  const info = (status: CheckStatus, message = '') => ({
    status,
    logs: [{ level: 'error' as const, message }],
  });

  it.each([
    ['webrtc', info(CheckStatus.SUCCESS), 'passed'],
    ['webrtc', info(CheckStatus.FAILED), 'failed'],
    ['turn', info(CheckStatus.SKIPPED), 'skipped'],
    ['publishAudio', info(CheckStatus.FAILED, 'microphone silent'), 'silent'],
    ['publishAudio', info(CheckStatus.FAILED, 'microphone not available: x'), 'denied'],
    ['publishAudio', info(CheckStatus.FAILED, 'no audio packets'), 'failed'],
  ] as const)('%s %#: %s', (step, told, outcome) => {
    expect(outcomeOf(step, told)).toBe(outcome);
    expect(explanationOf({ step, outcome })).toBe(`test.explained.${step}.${outcome}`);
  });

  const results = (outcomes: Partial<Record<StepResult['step'], StepResult['outcome']>>) =>
    (['websocket', 'webrtc', 'turn', 'reconnect', 'publishAudio'] as const).map((step) => ({
      step,
      outcome: outcomes[step] ?? 'passed',
      log: [],
    }));

  it.each([
    [{}, 'good'],
    [{ turn: 'skipped' }, 'good'],
    [{ publishAudio: 'silent' }, 'fair'],
    [{ reconnect: 'failed' }, 'fair'],
    [{ webrtc: 'failed' }, 'bad'],
  ] as const)('with %o the whole is %s', (outcomes, verdict) => {
    expect(verdictOf(results(outcomes))).toBe(verdict);
  });
});

describe('the report', () => {
  it('has no secrets in it', () => {
    const quoted = 'failed: wss://sfu/rtc?access_token=eyJhbGciOi.eyJzdWIi.sig-na_ture&x=1';
    expect(withoutSecrets(quoted)).toBe('failed: wss://sfu/rtc?access_token=…&x=1');
    expect(withoutSecrets('bearer eyJhbGciOi.eyJzdWIi.sig')).toBe('bearer …');
    const report = reportOf([], { status: 'ready', version: '1', services: [DOWN], downloads: [] });
    expect(report.services).toEqual([
      { name: 'llm', state: 'unready', code: 'service_unreachable', latency_ms: 4 },
    ]);
  });
});
