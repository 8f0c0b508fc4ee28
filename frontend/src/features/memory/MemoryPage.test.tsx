// @vitest-environment jsdom
import { screen, waitFor, within } from '@testing-library/react';
import { ScrollRestoration } from 'react-router';
import { afterEach, expect, test, vi } from 'vitest';
import { type Answers, type Call, failure, NO_ACCOUNTS, renderScreen } from '../../../test/screen';
import MemoryPage from './MemoryPage';
import type { Memory } from './memories';

afterEach(() => vi.unstubAllGlobals());

const ME = {
  id: 'local',
  login: 'local',
  preferred_name: null,
  language: null,
  role: 'admin',
  memory_policy: 'auto',
  record_calls: false,
  retention_days: null,
  created_at: '2026-11-01T12:00:00Z',
} as const;
const memory = (id: string, more: Partial<Memory> = {}): Memory => ({
  id,
  text: `Likes ${id}`,
  kind: 'preference',
  conversation_id: null,
  turn_id: null,
  proposed: false,
  created_at: '2026-11-20T12:00:00Z',
  updated_at: null,
  last_used_at: null,
  ...more,
});

/** A server that keeps these; what a test plans itself goes before. */
function show(kept: Memory[], answers: Answers = {}, path = '/memory') {
  const list = ({ query }: Call) => {
    const proposed = query.get('proposed') === 'true';
    const memories = kept.filter((one) => one.proposed === proposed);
    return { memories, next_cursor: null, total: memories.length };
  };
  return renderScreen(<MemoryPage />, {
    path,
    answers: {
      'GET /api/auth': { ...NO_ACCOUNTS, user: ME },
      'GET /api/memories': list,
      ...answers,
    },
  });
}

test('what is known is listed with where it was said', async () => {
  show([memory('tea', { conversation_id: 'c1', turn_id: 't7' })]);
  const row = within(await screen.findByTestId('memory'));
  expect(row.getByText('Likes tea')).toBeVisible();
  expect(row.getByText('Not used yet')).toBeVisible();
  expect(row.getByRole('link', { name: /Where it was said/ })).toHaveAttribute(
    'href',
    '/conversations/c1#turn-t7',
  );
});

test('a proposal is kept, and is known from then on', async () => {
  const kept = [memory('tea', { proposed: true })];
  const { user, calls } = show(kept, {
    'PATCH /api/memories/tea': () => {
      kept[0] = memory('tea');
      return memory('tea');
    },
  });
  await user.click(await screen.findByRole('button', { name: 'Keep “Likes tea”' }));
  expect(await screen.findByRole('button', { name: 'Edit “Likes tea”' })).toBeVisible();
  expect(screen.queryByText('Proposed')).toBeNull();
  expect(calls.find(({ method }) => method === 'PATCH')?.body).toEqual({ proposed: false });
  await waitFor(() => expect(screen.getByText('Kept.')).toHaveFocus());
});

test('an edit that says what is known already is refused at the field', async () => {
  const { user } = show([memory('tea')], {
    'PATCH /api/memories/tea': failure(409, 'memory_known'),
  });
  await user.click(await screen.findByRole('button', { name: 'Edit “Likes tea”' }));
  const text = screen.getByLabelText('What is to be known');
  expect(text).toHaveFocus();
  await user.clear(text);
  await user.click(screen.getByRole('button', { name: 'Save' }));
  expect(text).toHaveAccessibleDescription(/Write what is to be known/);
  await user.type(text, 'Likes coffee');
  await user.click(screen.getByRole('button', { name: 'Save' }));
  await waitFor(() => expect(text).toHaveAccessibleDescription(/This is known already/));
});

test('one thing is forgotten once that was confirmed', async () => {
  const kept = [memory('tea')];
  const { user } = show(kept, {
    'DELETE /api/memories/tea': () => {
      kept.length = 0;
      return null;
    },
  });
  await user.click(await screen.findByRole('button', { name: 'Delete “Likes tea”' }));
  const dialog = await screen.findByRole('alertdialog');
  await user.click(within(dialog).getByRole('button', { name: 'Delete' }));
  expect(await screen.findByText('Nothing is remembered yet')).toBeVisible();
});

test('all is forgotten only after the word was typed', async () => {
  const { user, calls } = show([memory('tea')], {
    'POST /api/memories/forget-all': { deleted: 1 },
  });
  await user.click(await screen.findByRole('button', { name: 'Forget everything' }));
  const dialog = within(await screen.findByRole('alertdialog'));
  const confirm = dialog.getByRole('button', { name: 'Forget everything' });
  expect(confirm).toBeDisabled();
  await user.type(dialog.getByRole('textbox'), 'forget');
  await user.click(confirm);
  expect(await screen.findByText('1 memory was forgotten.')).toBeVisible();
  expect(calls.filter(({ path }) => path.endsWith('forget-all'))).toHaveLength(1);
});

test('a refused choice goes back to the one before, and says so', async () => {
  const { user, calls } = show([], { 'PATCH /api/me': failure(503, 'database_busy') });
  await user.click(await screen.findByRole('radio', { name: 'Remember nothing new' }));
  expect(await screen.findByText('The choice could not be saved')).toBeVisible();
  expect(screen.getByRole('radio', { name: 'Remember by itself' })).toBeChecked();
  expect(calls.find(({ method }) => method === 'PATCH')?.body).toEqual({ memory_policy: 'off' });
});

test('a file is taken, and what was wrong in it is named', async () => {
  const { user } = show([], {
    'POST /api/memories/import': {
      kept: 3,
      skipped: 2,
      problems: [{ row: 'memories.1', message: 'text: too long' }],
    },
  });
  await screen.findByText('Nothing is remembered yet');
  const input = screen.getByTestId('import');
  await user.upload(input, new File(['no json'], 'a.json', { type: 'application/json' }));
  expect(await screen.findByText(/it is not JSON/)).toBeVisible();
  await user.upload(input, new File(['{}'], 'b.json', { type: 'application/json' }));
  expect(await screen.findByText('3 memories were added.')).toBeVisible();
  expect(screen.getByText(/^2 were left out/)).toBeVisible();
  expect(screen.getByText(/text: too long/)).toBeVisible();
});

test('a search that finds nothing can be cleared', async () => {
  const { user, router } = show([], {}, '/memory?q=zebra');
  await user.click(await screen.findByRole('button', { name: 'Clear search' }));
  expect(router.state.location.search).toBe('');
});

test('a search leaves what is typed, and the page, where they are', async () => {
  const scrollTo = vi.fn();
  vi.stubGlobal('scrollTo', scrollTo);
  const answers = {
    'GET /api/auth': { ...NO_ACCOUNTS, user: ME },
    'GET /api/memories': { memories: [memory('tea')], next_cursor: null, total: 1 },
  };
  const page = (
    <>
      <MemoryPage />
      <ScrollRestoration />
    </>
  );
  const { user, calls } = renderScreen(page, { path: '/memory', answers });
  const box = await screen.findByRole('searchbox');
  scrollTo.mockClear();
  await user.type(box, 'green ');
  await waitFor(() => expect(calls.some(({ query }) => query.get('q') === 'green')).toBe(true));
  expect(box).toHaveValue('green ');
  expect(scrollTo).not.toHaveBeenCalled();
});

test('the search box stays while a search without hits is cleared', async () => {
  const list = async ({ query }: Call) => {
    if (!query.get('q') && query.get('proposed') !== 'true') await new Promise(() => undefined);
    return { memories: [], next_cursor: null, total: 0 };
  };
  const { user, calls } = show([], { 'GET /api/memories': list }, '/memory?q=xyz');
  const box = await screen.findByRole('searchbox');
  await screen.findByText('Nothing found');
  await user.clear(box);
  const all = () => calls.some(({ query }) => !query.has('q') && query.get('proposed') === 'false');
  await waitFor(() => expect(all()).toBe(true));
  expect(box).toHaveFocus();
});
