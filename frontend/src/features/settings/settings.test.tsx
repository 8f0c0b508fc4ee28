// @vitest-environment jsdom
import { screen, waitFor, within } from '@testing-library/react';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Answers, failure, NO_ACCOUNTS, renderScreen } from '../../../test/screen';
import type { User } from '../../client/session';
import { type ApiKey, stateOf, usageRows } from './keys';
import { readKey } from './NewKeyDialog';
import { daysWith } from './PrivacySection';
import { browserName } from './SessionsCard';
import SettingsPage from './SettingsPage';

const ADA: User = {
  id: 'u1',
  login: 'ada',
  preferred_name: 'Ada',
  language: 'en',
  role: 'member',
  memory_policy: 'auto',
  record_calls: false,
  retention_days: null,
  created_at: '2026-11-01T10:00:00Z',
};
const KEY: ApiKey = {
  id: 'k1',
  name: 'laptop',
  hint: 'pk-ab12',
  scopes: ['stt'],
  requests_per_minute: null,
  audio_minutes_per_day: null,
  tokens_per_day: null,
  created_at: '2026-11-01T10:00:00Z',
  expires_at: null,
  revoked_at: null,
  last_used_at: null,
};
const signedIn = (user: Partial<User> = {}, more: object = {}): Answers => ({
  'GET /api/auth': {
    ...NO_ACCOUNTS,
    auth: 'on',
    recording_allowed: true,
    user: { ...ADA, ...user },
    ...more,
  },
});
const show = (part: string, answers: Answers) =>
  renderScreen(<SettingsPage />, { path: `/settings?part=${part}`, answers });

afterEach(() => vi.unstubAllGlobals());

describe('the parts of the settings', () => {
  it.each([
    ['on', 'admin', true],
    ['on', 'member', false],
    ['off', 'admin', false],
  ] as const)('with accounts %s, a %s sees other people: %s', async (auth, role, seen) => {
    show('privacy', signedIn({ role }, { auth }));
    await screen.findByRole('tab', { name: 'Privacy and data' });
    expect(screen.queryByRole('tab', { name: 'People' }) !== null).toBe(seen);
  });

  it('ask for a password only where people sign in', async () => {
    show('account', signedIn({}, { auth: 'off' }));
    expect(await screen.findByLabelText('What to call you')).toHaveValue('Ada');
    expect(screen.queryByLabelText('Current password')).toBeNull();
  });
});

describe('privacy', () => {
  it('sends one change, and shows what the server made of it', async () => {
    const { calls, user } = show('privacy', {
      ...signedIn(),
      'PATCH /api/me': { ...ADA, retention_days: 30 },
    });
    await user.selectOptions(await screen.findByLabelText('Keep conversations'), '30');
    expect(await screen.findByText('Saved.')).toBeInTheDocument();
    expect(calls.at(-1)?.body).toEqual({ retention_days: 30 });
    expect(screen.getByLabelText('Keep conversations')).toHaveValue('30');
  });

  it('does not offer recordings where the server makes none', async () => {
    show('privacy', signedIn({}, { recording_allowed: false }));
    await screen.findByLabelText('Keep conversations');
    expect(screen.queryByLabelText('Record my calls')).toBeNull();
  });

  it('keeps a number of days that was set elsewhere', () => {
    expect(daysWith(14)).toEqual([7, 14, 30, 90, 365]);
  });

  it('says how much of a file was imported, however long that takes', async () => {
    const within_ms = vi.spyOn(AbortSignal, 'timeout');
    const { user } = show('privacy', {
      ...signedIn(),
      'POST /api/me/import': { personas: 1, conversations: 2, memories: 0, skipped: 3 },
    });
    const file = new File(['{}'], 'parley.json', { type: 'application/json' });
    await user.upload(await screen.findByLabelText('Exported file to import'), file);
    expect(await screen.findByText('2 conversations')).toBeInTheDocument();
    expect(screen.getByText(/3 left out/)).toBeInTheDocument();
    expect(Math.max(...within_ms.mock.calls.flat())).toBeGreaterThanOrEqual(60_000);
  });
});

describe('deleting oneself', () => {
  const open = async (answers: Answers) => {
    const view = show('privacy', { ...signedIn(), ...answers });
    await view.user.click(await screen.findByRole('button', { name: 'Delete my account…' }));
    return { ...view, press: screen.getByRole('button', { name: 'Delete for good' }) };
  };

  it('asks for the login and the password first, and tells before it leads out', async () => {
    const { calls, user, press } = await open({ 'POST /api/me/forget': null });
    expect(press).toBeDisabled();
    await user.type(screen.getByLabelText(/Type “ada” to confirm/), 'ada');
    expect(press).toBeDisabled();
    await user.type(screen.getByLabelText('Your password'), 'secret words');
    await user.click(press);
    expect(await screen.findByRole('alert')).toHaveTextContent('You are signed out.');
    expect(calls.at(-1)?.path).toBe('/api/me/forget');
    await user.click(screen.getByRole('button', { name: 'OK' }));
    await waitFor(() => expect(calls.at(-1)?.path).toBe('/api/auth'));
    expect(calls.find((call) => call.path === '/api/me/forget')?.body).toEqual({
      confirm: 'ada',
      password: 'secret words',
    });
  });

  it('stays when the password was wrong', async () => {
    const { user, press, router } = await open({
      'POST /api/me/forget': failure(400, 'wrong_credentials', { param: 'password' }),
    });
    await user.type(screen.getByLabelText(/Type “ada” to confirm/), 'ada');
    await user.type(screen.getByLabelText('Your password'), 'wrong');
    await user.click(press);
    expect(await screen.findByText('This is not your password.')).toBeInTheDocument();
    expect(router.state.location.pathname).toBe('/settings');
  });
});

describe('API keys', () => {
  it('shows a new key once, and never again', async () => {
    const { calls, user } = show('keys', {
      ...signedIn(),
      'GET /api/keys': { keys: [KEY] },
      'GET /api/usage': { usage: [] },
      'POST /api/keys': Response.json({ ...KEY, key: 'pk-ab12-the-whole-key' }, { status: 201 }),
    });
    await user.click(await screen.findByRole('button', { name: 'New key' }));
    await user.click(screen.getByRole('button', { name: 'Make the key' }));
    expect(await screen.findByRole('alert')).toHaveTextContent('Give the key a name.');
    await user.type(screen.getByLabelText('Name'), 'laptop');
    await user.click(screen.getByRole('button', { name: 'Make the key' }));
    expect(await screen.findByLabelText('Key')).toHaveValue('pk-ab12-the-whole-key');
    expect(calls.find((call) => call.method === 'POST')?.body).toMatchObject({
      name: 'laptop',
      scopes: ['stt', 'llm', 'tts'],
      expires_at: null,
    });
    const overlay = document.querySelector('.fixed.inset-0');
    await user.click(overlay ?? document.body); // beside the dialog
    expect(screen.getByLabelText('Key')).toBeInTheDocument();
    await user.click(screen.getByRole('button', { name: 'I have it' }));
    expect(screen.queryByDisplayValue('pk-ab12-the-whole-key')).toBeNull();
    expect(screen.getByText('pk-ab12…')).toBeInTheDocument();
  });

  it('revokes only after asking', async () => {
    const { calls, user } = show('keys', {
      ...signedIn(),
      'GET /api/keys': { keys: [KEY] },
      'GET /api/usage': { usage: [] },
      'DELETE /api/keys/k1': null,
    });
    await user.click(await screen.findByRole('button', { name: 'Revoke laptop' }));
    expect(calls.every((call) => call.method === 'GET')).toBe(true);
    const asked = screen.getByRole('alertdialog');
    await user.click(within(asked).getByRole('button', { name: 'Revoke' }));
    await waitFor(() => expect(screen.queryByRole('alertdialog')).toBeNull());
    expect(calls.some((call) => call.method === 'DELETE')).toBe(true);
    await waitFor(() => expect(screen.getByText('“laptop” was revoked.')).toHaveFocus());
  });

  it.each([
    [{}, 'works'],
    [{ expires_at: '2026-12-01T00:00:00Z' }, 'ends'],
    [{ expires_at: '2026-11-20T00:00:00Z' }, 'expired'],
    [{ revoked_at: '2026-11-20T00:00:00Z' }, 'revoked'],
  ])('with %o it %s', (more, state) => {
    expect(stateOf({ ...KEY, ...more }, Date.parse('2026-11-21T00:00:00Z'))).toBe(state);
  });

  it('reads limits and end from the form, and takes nonsense for none', () => {
    const form = new FormData();
    form.set('name', ' laptop ');
    form.append('scopes', 'tts');
    form.set('lifetime', '30');
    form.set('requests_per_minute', '60');
    form.set('tokens_per_day', '-5');
    expect(readKey(form, Date.parse('2026-11-01T00:00:00Z'))).toEqual({
      name: 'laptop',
      scopes: ['tts'],
      expires_at: '2026-12-01T00:00:00.000Z',
      requests_per_minute: 60,
      audio_minutes_per_day: null,
      tokens_per_day: null,
    });
  });
});

describe('what is gone from a list', () => {
  /** A list of one that is empty once it was deleted. */
  const list = (path: string, name: string, items: object[]): Answers => {
    let there = items;
    return {
      [`GET ${path}`]: () => ({ [name]: there }),
      [`DELETE ${path}/x1`]: () => {
        there = [];
        return null;
      },
    };
  };

  it('leaves the focus where it is said: a browser', async () => {
    const session = {
      id: 'x1',
      current: false,
      user_agent: 'Firefox/140.0 Linux',
      address: '10.0.0.7',
      created_at: '2026-11-01T10:00:00Z',
      last_seen_at: '2026-11-01T10:00:00Z',
      expires_at: '2026-12-01T10:00:00Z',
    };
    const { user } = show('account', {
      ...signedIn(),
      ...list('/api/me/sessions', 'sessions', [session]),
    });
    await user.click(await screen.findByRole('button', { name: 'Sign out Firefox, Linux' }));
    await waitFor(() => expect(screen.getByText('Firefox, Linux is signed out.')).toHaveFocus());
    expect(screen.queryByRole('button', { name: 'Sign out Firefox, Linux' })).toBeNull();
  });

  it('takes an earlier failure along', async () => {
    const session = (id: string, user_agent: string) => ({
      ...{ id, user_agent, current: id === 'own', address: '10.0.0.7' },
      ...{ created_at: '2026-11-01T10:00:00Z', last_seen_at: '2026-11-01T10:00:00Z' },
      expires_at: '2026-12-01T10:00:00Z',
    });
    const { user } = show('account', {
      ...signedIn(),
      'GET /api/me/sessions': {
        sessions: [session('own', 'Chrome/1 Linux'), session('x1', 'Firefox/1 Linux')],
      },
      'DELETE /api/me/sessions/x1': failure(503, 'unavailable'),
      'DELETE /api/me/sessions': null,
    });
    await user.click(await screen.findByRole('button', { name: 'Sign out Firefox, Linux' }));
    expect(await screen.findByRole('alert')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Sign out all others' }));
    await waitFor(() => expect(screen.getByText('All others are signed out.')).toHaveFocus());
    expect(screen.queryByRole('alert')).toBeNull();
  });

  it('leaves the focus where it is said: a person and an invitation', async () => {
    const bob = {
      id: 'x1',
      login: 'bob',
      role: 'member',
      disabled: false,
      created_at: '2026-11-01T10:00:00Z',
      last_seen_at: null,
    };
    const invite = {
      id: 'x1',
      role: 'member',
      created_at: '2026-11-01T10:00:00Z',
      expires_at: '2026-11-08T10:00:00Z',
      used_at: null,
    };
    const { user } = show('people', {
      ...signedIn({ role: 'admin' }),
      ...list('/api/users', 'users', [bob]),
      ...list('/api/invites', 'invites', [invite]),
      'GET /api/audit': { entries: [], next_cursor: null },
    });
    await user.click(await screen.findByRole('button', { name: /Revoke the invitation/ }));
    await waitFor(() => expect(screen.getByText('The invitation was revoked.')).toHaveFocus());
    await user.click(screen.getByRole('button', { name: 'Actions for bob' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Delete' }));
    const asked = within(await screen.findByRole('alertdialog'));
    await user.type(asked.getByRole('textbox'), 'bob');
    await user.click(asked.getByRole('button', { name: 'Delete' }));
    await waitFor(() => expect(screen.getByText('bob was deleted.')).toHaveFocus());
    expect(screen.queryByRole('button', { name: 'Actions for bob' })).toBeNull();
  });
});

describe('usage', () => {
  const used = (day: string, key_id: string | null, service: 'stt' | 'llm', requests: number) => ({
    day,
    key_id,
    key_name: key_id && 'laptop',
    service,
    requests,
    audio_s: 6,
    tokens: 0,
    characters: 0,
  });

  it('is one row a key and service, with a bar for every day', () => {
    const rows = usageRows(
      [
        used('2026-11-21', 'k1', 'stt', 2),
        used('2026-11-19', 'k1', 'stt', 3),
        used('2026-11-21', null, 'llm', 9),
      ],
      3,
      '2026-11-21',
    );
    expect(rows.map((row) => [row.keyName, row.service, row.requests, row.audio_s])).toEqual([
      [null, 'llm', 9, 6],
      ['laptop', 'stt', 5, 12],
    ]);
    expect(rows[1]?.days.map((bar) => bar.requests)).toEqual([3, 0, 2]);
  });
});

describe('a browser', () => {
  it.each([
    ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox, Linux'],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18 Safari/604',
      'Safari, iOS',
    ],
    [
      'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537 Chrome/140.0 Safari/537 Edg/140.0',
      'Edge, Windows',
    ],
    ['curl/8', null],
  ])('%s is %s', (userAgent, name) => {
    expect(browserName(userAgent)).toBe(name);
  });
});
