// @vitest-environment jsdom
import { screen, waitFor, within } from '@testing-library/react';
import { afterEach, expect, test, vi } from 'vitest';
import { failure, renderScreen } from '../../../test/screen';
import ConversationsPage from './ConversationsPage';
import type { Conversation } from './conversations';

afterEach(() => vi.unstubAllGlobals());

const conversation = (id: string, more: Partial<Conversation> = {}): Conversation => ({
  id,
  title: `About ${id}`,
  preview: 'first words',
  channel: 'web',
  persona: { id: 'lumina', name: 'Lumina' },
  started_at: '2026-11-20T12:00:00Z',
  ended_at: '2026-11-20T12:05:00Z',
  ended_reason: 'user_hung_up',
  duration_s: 300,
  turn_count: 4,
  recorded: false,
  live: false,
  latencies_s: [0.8, 1.2],
  match: null,
  ...more,
});
const LIST = 'GET /api/conversations';
const page = (conversations: Conversation[], next_cursor: string | null = null) => ({
  conversations,
  next_cursor,
});

test('a row says what it was about, with whom, how long, and how it ended', async () => {
  renderScreen(<ConversationsPage />, {
    path: '/conversations',
    answers: { [LIST]: page([conversation('tea', { live: false, recorded: true })]) },
  });
  const row = within(await screen.findByTestId('conversation'));
  expect(row.getByRole('link', { name: 'About tea' })).toHaveAttribute(
    'href',
    '/conversations/tea',
  );
  for (const words of ['with Lumina', 'Talked for 5:00', '4 turns', 'You ended it', 'Recorded']) {
    expect(row.getByText(words)).toBeVisible();
  }
  expect(row.getByText(/Median wait 1 s/)).toBeVisible();
});

test('a search goes on over empty pages and says how far back it came', async () => {
  const { calls } = renderScreen(<ConversationsPage />, {
    path: '/conversations?q=tea',
    answers: {
      [LIST]: ({ query }) => {
        if (!query.has('q'))
          return page([conversation('next', { started_at: '2026-03-02T12:00:00Z' })]);
        return query.has('cursor')
          ? page([conversation('tea', { match: 'green <b>tea</b>, please' })], 'c2')
          : page([], 'c1');
      },
    },
  });
  expect(await screen.findByText('tea', { selector: 'mark' })).toBeVisible();
  expect(screen.getByText(/green <b>/)).toBeVisible();
  expect(await screen.findByText('Searched back to Mar 2, 2026.')).toBeVisible();
  expect(calls.filter(({ query }) => query.has('q'))).toHaveLength(2);
});

test('the next page is asked for by its cursor', async () => {
  const { user } = renderScreen(<ConversationsPage />, {
    path: '/conversations',
    answers: {
      [LIST]: ({ query }) =>
        query.get('cursor') === 'c1'
          ? page([conversation('old')])
          : page([conversation('new')], 'c1'),
    },
  });
  await user.click(await screen.findByRole('button', { name: 'Load more' }));
  expect(await screen.findByText('About old')).toBeVisible();
  expect(screen.getByText('About new')).toBeVisible();
  expect(screen.queryByRole('button', { name: 'Load more' })).toBeNull();
});

test('a failed next page leaves the first in place', async () => {
  const { user } = renderScreen(<ConversationsPage />, {
    path: '/conversations',
    answers: {
      [LIST]: ({ query }) =>
        query.has('cursor') ? failure(500, 'oh') : page([conversation('new')], 'c1'),
    },
  });
  await user.click(await screen.findByRole('button', { name: 'Load more' }));
  expect(await screen.findByText('The next conversations could not be loaded')).toBeVisible();
  expect(screen.getByText('About new')).toBeVisible();
});

test('nothing yet, nothing found, and no answer read differently', async () => {
  const empty = renderScreen(<ConversationsPage />, {
    path: '/conversations',
    answers: { [LIST]: page([]) },
  });
  expect(await screen.findByText('No conversations yet')).toBeVisible();
  empty.unmount();
  const none = renderScreen(<ConversationsPage />, {
    path: '/conversations?q=zebra',
    answers: { [LIST]: page([]) },
  });
  expect(await screen.findByText('Nothing found')).toBeVisible();
  none.unmount();
  renderScreen(<ConversationsPage />, {
    path: '/conversations',
    answers: { [LIST]: failure(503, 'database_busy') },
  });
  expect(await screen.findByText('The conversations could not be loaded')).toBeVisible();
  expect(screen.getByRole('button', { name: 'Try again' })).toBeVisible();
});

test('a conversation is renamed where its name stands', async () => {
  let title = 'About tea';
  const { user, calls } = renderScreen(<ConversationsPage />, {
    path: '/conversations',
    answers: {
      [LIST]: () => page([conversation('tea', { title })]),
      'PATCH /api/conversations/tea': () => {
        title = 'Green tea';
        return conversation('tea', { title });
      },
    },
  });
  await user.click(await screen.findByRole('button', { name: /^Actions for/ }));
  await user.click(await screen.findByRole('menuitem', { name: 'Rename' }));
  const name = screen.getByLabelText('Name');
  await user.clear(name);
  await user.type(name, 'Green tea{Enter}');
  expect(await screen.findByRole('link', { name: 'Green tea' })).toBeVisible();
  expect(calls.find(({ method }) => method === 'PATCH')?.body).toEqual({ title: 'Green tea' });
});

test('a conversation is deleted once that was confirmed, and the page says so', async () => {
  let kept = [conversation('tea')];
  const { user, calls } = renderScreen(<ConversationsPage />, {
    path: '/conversations',
    answers: {
      [LIST]: () => page(kept),
      'DELETE /api/conversations/tea': () => {
        kept = [];
        return null;
      },
    },
  });
  await user.click(await screen.findByRole('button', { name: /^Actions for/ }));
  await user.click(await screen.findByRole('menuitem', { name: 'Delete' }));
  expect(calls.some(({ method }) => method === 'DELETE')).toBe(false);
  const dialog = await screen.findByRole('alertdialog');
  await user.click(within(dialog).getByRole('button', { name: 'Delete' }));
  expect(await screen.findByText('No conversations yet')).toBeVisible();
  const news = screen.getByText('“About tea” was deleted.');
  await waitFor(() => expect(news).toHaveFocus());
});
