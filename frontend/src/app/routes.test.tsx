// @vitest-environment jsdom
import { render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Answers, failure, stubNetwork } from '../../test/screen';
import { requestJson } from '../client/api';
import type { Session, User } from '../client/session';
import { showLanguage } from '../i18n';
import { App } from './App';

const ADA: User = {
  id: 'u1',
  login: 'ada',
  preferred_name: 'Ada',
  language: null,
  role: 'admin',
  memory_policy: 'auto',
  record_calls: false,
  retention_days: null,
  created_at: '2026-11-20T12:00:00Z',
};
const SESSION: Session = {
  auth: 'on',
  signup: 'open',
  setup_needed: false,
  recording_allowed: false,
  user: ADA,
};
const open = (path: string, session: Partial<Session> = {}, answers: Answers = {}) => {
  window.history.replaceState(null, '', path);
  const calls = stubNetwork({ 'GET /api/auth': { ...SESSION, ...session }, ...answers });
  render(<App />);
  return { calls, user: userEvent.setup() };
};
const heading = (name: string) => screen.findByRole('heading', { level: 1, name });
const address = () => window.location.pathname + window.location.search;

beforeEach(() => vi.stubGlobal('scrollTo', () => undefined));
afterEach(async () => {
  vi.unstubAllGlobals();
  await showLanguage('en');
});

describe('somebody who is not signed in', () => {
  it('is led to sign in and remembers where to go back to', async () => {
    open('/memory?q=tea', { user: null });
    await heading('Sign in');
    expect(address()).toBe('/sign-in?next=%2Fmemory%3Fq%3Dtea');
    expect(screen.queryByRole('navigation')).not.toBeInTheDocument();
  });

  it('sets up a server that has no admin yet', async () => {
    open('/', { user: null, setup_needed: true });
    await heading('Set up Parley');
  });

  it('cannot set up a server that has one', async () => {
    open('/setup', { user: null });
    await heading('Sign in');
  });
});

describe('somebody who is signed in', () => {
  it('finds the screens as links; the one shown is marked, named and has the focus', async () => {
    const { user } = open('/health');
    await heading('Health');
    const links = within(screen.getByRole('navigation', { name: 'Main' }));
    await user.click(links.getByRole('link', { name: 'Memory' }));
    expect(await heading('Memory')).toHaveFocus();
    expect(links.getByRole('link', { name: 'Memory' })).toHaveAttribute('aria-current', 'page');
    expect(document.title).toBe('Memory · Parley');
  });

  it('is not shown the sign-in page, but what lies behind it', async () => {
    open('/sign-in?next=/memory');
    await heading('Memory');
  });

  it('never leaves for another site by a crafted link', async () => {
    open('/sign-in?next=//evil.example/memory');
    await heading('Talk it over with Parley');
    expect(address()).toBe('/');
  });

  it('reads the app in the language of the account', async () => {
    open('/memory', { user: { ...ADA, language: 'fr' } });
    await heading('Mémoire');
    expect(document.documentElement).toHaveAttribute('lang', 'fr');
  });

  it('can sign out', async () => {
    let signedIn = true;
    const { calls, user } = open(
      '/settings?part=account',
      {},
      {
        'GET /api/auth': () => ({ ...SESSION, user: signedIn ? ADA : null }),
        'POST /api/auth/logout': () => {
          signedIn = false;
          return null;
        },
      },
    );
    // The screen that arrives takes the focus, and an open menu would close.
    await heading('Settings');
    await user.click(await screen.findByRole('button', { name: 'Account of Ada' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Sign out' }));
    await heading('Sign in');
    expect(calls.map(({ method, path }) => `${method} ${path}`)).toContain('POST /api/auth/logout');
  });
});

it('a session that ends elsewhere leads to sign in and back', async () => {
  let signedIn = true;
  open(
    '/memory',
    {},
    {
      'GET /api/auth': () => ({ ...SESSION, user: signedIn ? ADA : null }),
      'GET /api/gone': failure(401, 'unauthorized'),
    },
  );
  await heading('Memory');
  signedIn = false;
  await expect(requestJson('/api/gone')).rejects.toMatchObject({ status: 401 });
  await heading('Sign in');
  expect(address()).toBe('/sign-in?next=%2Fmemory');
});

it('a server without accounts asks nobody to sign in', async () => {
  open('/memory', { auth: 'off' });
  await heading('Memory');
  expect(screen.queryByRole('button', { name: /Account/ })).not.toBeInTheDocument();
});

it('an address that shows nothing says so and leads home', async () => {
  const { user } = open('/nowhere');
  await heading('There is no such page');
  await user.click(screen.getByRole('link', { name: 'Go to Talk' }));
  await heading('Talk it over with Parley');
});

it('a server that does not answer is not the end', async () => {
  let up = false;
  const { user } = open(
    '/memory',
    {},
    {
      'GET /api/auth': () => (up ? SESSION : failure(400, 'broken')),
    },
  );
  const retry = await screen.findByRole('button', { name: 'Try again' });
  up = true;
  await user.click(retry);
  await heading('Memory');
});

it('the skip link leads past the navigation', async () => {
  const { user } = open('/memory');
  await heading('Memory');
  await user.tab();
  expect(screen.getByRole('link', { name: 'Skip to the content' })).toHaveFocus();
  await user.keyboard('{Enter}');
  await waitFor(() => expect(screen.getByRole('main')).toHaveFocus());
});

it('a gate before the server that ends is told, not asked for ever', async () => {
  let asked = 0;
  let there = true;
  open(
    '/memory',
    {},
    {
      'GET /api/auth': () => {
        asked += 1;
        return there || asked > 20 ? SESSION : failure(401, 'unauthorized');
      },
      'GET /api/gone': failure(401, 'unauthorized'),
    },
  );
  await heading('Memory');
  there = false;
  await expect(requestJson('/api/gone')).rejects.toMatchObject({ status: 401 });
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(asked).toBe(2);
});
