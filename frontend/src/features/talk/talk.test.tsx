// @vitest-environment jsdom
import { act, screen, waitFor, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, test, vi } from 'vitest';
import { failure, renderScreen } from '../../../test/screen';
import { DEFAULT_PREFERENCES, readPreferences, setPreferences } from '../../app/preferences';
import type { CallState } from '../../voice/callState';
import type { Call } from '../../voice/useCall';
import TalkPage from './TalkPage';

const call = vi.hoisted(() => ({ current: null as unknown }));
vi.mock('../../voice/useCall', () => ({ useCall: () => call.current }));

const persona = (id: string, name: string, more: object = {}) => ({
  ...{ id, name, prompt: '', style: '', voice: null, language: null, model: null },
  ...{ greeting: null, temperature: null, tools: null, interruption_mode: 'normal' },
  ...{ interruption_words: 2, is_default: false, shared: true, editable: false },
  ...{ image_url: null, updated_at: null, ...more },
});
const ANSWERS = {
  'GET /api/personas': {
    personas: [persona('p1', 'Lumina', { is_default: true }), persona('p2', 'Ada Byron')],
  },
  'GET /api/personas/options': {
    ...{ voices: [{ id: 'nova', name: 'Nova', language: 'en' }], languages: [], models: [] },
    ...{ tools: [], image_generation: false, missing: [] },
  },
};
const CONVERSATION = {
  ...{ id: 'c1', title: 'The tides', preview: null, channel: 'web', turn_count: 2 },
  ...{ persona: { id: 'p2', name: 'Ada Byron' }, started_at: '2026-11-20T10:00:00Z' },
  ...{ ended_at: null, ended_reason: null, duration_s: null, recorded: false, live: false },
  ...{ latencies_s: [], summary: null, recordings: [] },
  turns: [
    turn('t1', 'user', 'When is high tide?'),
    turn('t2', 'assistant', 'At noon, and at midnight.', { heard_text: 'At noon,' }),
  ],
};

function turn(id: string, role: string, text: string, more: object = {}) {
  const base = { heard_text: null, interrupted: false, confidence: null, timing: {}, tools: [] };
  return { id, role, text, started_at: '2026-11-20T10:00:00Z', ...base, ...more };
}

function show(state: CallState<unknown>, path = '/', answers: object = {}) {
  const start = vi.fn();
  const end = vi.fn();
  const actions = { start, end, fail: vi.fn(), told: vi.fn() };
  call.current = { state, conversationId: null, ...actions } as unknown as Call;
  const view = renderScreen(<TalkPage />, { path, answers: { ...ANSWERS, ...answers } });
  const become = (next: CallState<unknown>, conversationId: string | null = null) => {
    call.current = { state: next, conversationId, ...actions } as unknown as Call;
    act(() => setPreferences({}));
  };
  return { ...view, start, end, become };
}

beforeEach(() => setPreferences(DEFAULT_PREFERENCES));
afterEach(() => {
  vi.unstubAllGlobals();
  localStorage.clear();
});
const button = (name: string) => screen.findByRole('button', { name });
const NOBODY = { conversationId: null, personaId: null, voice: null };

describe('before a call', () => {
  it('works where nobody can be chosen', async () => {
    const down = failure(503, 'unavailable');
    const { user, start } = show({ kind: 'idle' }, '/', {
      'GET /api/personas': down,
      'GET /api/personas/options': down,
    });
    await user.click(await button('Start'));
    expect(start).toHaveBeenCalledWith('voice', NOBODY);
  });

  it('lets a person choose who answers and in which voice, and remembers it', async () => {
    const { user, start } = show({ kind: 'idle' });
    await user.selectOptions(await screen.findByLabelText('Who answers'), 'Ada Byron');
    await user.selectOptions(screen.getByLabelText('Voice'), 'Nova (en)');
    await user.click(await button('Start'));
    const wishes = { conversationId: null, personaId: 'p2', voice: 'nova' };
    expect(start).toHaveBeenCalledWith('voice', wishes);
    expect(readPreferences()).toMatchObject({ personaId: 'p2', voice: 'nova' });
  });

  it('gives another persona its own voice', async () => {
    setPreferences({ personaId: 'p1', voice: 'nova' });
    const { user } = show({ kind: 'idle' });
    await user.selectOptions(await screen.findByLabelText('Who answers'), 'Ada Byron');
    expect(readPreferences()).toMatchObject({ personaId: 'p2', voice: null });
  });
});

describe('a conversation that is to go on', () => {
  const answers = { 'GET /api/conversations/c1': CONVERSATION };

  it('shows what was heard before, and goes on with who answered', async () => {
    setPreferences({ personaId: 'p1', voice: 'nova' });
    const { user, start } = show({ kind: 'idle' }, '/?conversation=c1', answers);
    expect(await screen.findByText('The tides')).toBeInTheDocument();
    const log = await screen.findByRole('log');
    expect(within(log).getByText('At noon,')).toBeInTheDocument();
    await waitFor(async () =>
      expect(await screen.findByLabelText('Who answers')).toHaveValue('p2'),
    );
    await user.click(await button('Start'));
    expect(start).toHaveBeenCalledWith('voice', { ...NOBODY, conversationId: 'c1' });
  });

  it('says so when it cannot be loaded, and can be talked on nevertheless', async () => {
    const { user, start } = show({ kind: 'idle' }, '/?conversation=c1', {
      'GET /api/conversations/c1': failure(404, 'not_found'),
    });
    expect(await screen.findByText('What was said before could not be loaded')).toBeInTheDocument();
    await user.click(await button('Continue with text only'));
    expect(start).toHaveBeenCalledWith('text', { ...NOBODY, conversationId: 'c1' });
  });
});

describe('after a call', () => {
  const said = { 'GET /api/conversations/c1': CONVERSATION };

  it('that was cut the way back comes first and keeps the words', async () => {
    const { user, start, become } = show({ kind: 'idle' }, '/?conversation=c1', said);
    await screen.findByRole('log');
    become({ kind: 'ended', reason: 'lost', mode: 'voice' }, 'c1');
    expect(document.title).toBe('Call ended · Parley');
    await user.click(await button('Rejoin'));
    expect(start).toHaveBeenCalledWith('voice', { ...NOBODY, conversationId: 'c1' });
    expect(screen.getByText('At noon,')).toBeInTheDocument();
  });

  it('that ended another one begins anew, or this one goes on', async () => {
    const { user, start, become } = show({ kind: 'idle' }, '/?conversation=c1', said);
    await screen.findByRole('log');
    become({ kind: 'ended', reason: 'you', mode: 'text' }, 'c1');
    expect(await screen.findByRole('link', { name: 'Open it in the history' })).toHaveAttribute(
      'href',
      '/conversations/c1',
    );
    await user.click(await button('Go on with this conversation'));
    expect(start).toHaveBeenLastCalledWith('text', { ...NOBODY, conversationId: 'c1' });
    await user.click(await button('Start again'));
    expect(start).toHaveBeenLastCalledWith('voice', NOBODY);
    expect(screen.queryByText('At noon,')).not.toBeInTheDocument();
  });
});

describe('a call that failed', () => {
  it('is tried again with the same conversation, and leads to what is down', async () => {
    const { user, start, become } = show({ kind: 'idle' });
    become({ kind: 'failed', problem: { kind: 'agent_left' }, mode: 'text' }, 'c7');
    expect(await screen.findByRole('link', { name: 'See what is down' })).toHaveAttribute(
      'href',
      '/health',
    );
    await user.click(await button('Try again'));
    expect(start).toHaveBeenCalledWith('text', { ...NOBODY, conversationId: 'c7' });
  });

  it('for want of a line says the place in the queue, which can be left', async () => {
    const place = { position: 1, retry_s: 2 };
    const step = { kind: 'queued', place, asked_at_ms: 0 } as const;
    const { user, end } = show({ kind: 'starting', room: {}, mode: 'voice', step });
    expect(await screen.findByRole('heading', { name: 'You are next in line' })).toBeVisible();
    await user.click(await button('Leave the line'));
    expect(end).toHaveBeenCalledOnce();
  });
});

test('whoever is signed out and stayed is led to the sign-in, and back to what they went on with', async () => {
  show({ kind: 'failed', problem: { kind: 'signed_out' }, mode: 'voice' }, '/?conversation=c1', {
    'GET /api/conversations/c1': CONVERSATION,
  });
  expect(await screen.findByRole('link', { name: 'Sign in' })).toHaveAttribute(
    'href',
    '/sign-in?next=%2F%3Fconversation%3Dc1',
  );
});
