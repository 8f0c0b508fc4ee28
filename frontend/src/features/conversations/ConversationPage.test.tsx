// @vitest-environment jsdom
import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { failure, renderScreen } from '../../../test/screen';
import ConversationPage from './ConversationPage';
import type { ConversationDetail, Turn } from './conversations';

beforeEach(() => {
  Element.prototype.scrollIntoView = vi.fn();
  vi.spyOn(HTMLMediaElement.prototype, 'play').mockResolvedValue();
  vi.spyOn(HTMLMediaElement.prototype, 'pause').mockReturnValue();
  vi.spyOn(HTMLMediaElement.prototype, 'load').mockReturnValue();
});
afterEach(() => vi.unstubAllGlobals());

const turn = (id: string, second: number, more: Partial<Turn> = {}): Turn => ({
  id,
  role: 'user',
  text: `words of ${id}`,
  heard_text: null,
  started_at: `2026-11-20T12:00:${String(second).padStart(2, '0')}Z`,
  interrupted: false,
  confidence: null,
  timing: {},
  tools: [],
  ...more,
});
const TURNS = [
  turn('t1', 5),
  turn('t2', 9, {
    role: 'assistant',
    text: 'One two three four.',
    heard_text: 'One two',
    interrupted: true,
    timing: { e2e_latency_s: 0.8, first_sound_at_s: 0.8 },
    tools: [{ name: 'get_weather', arguments: { place: 'Lisbon' }, result: 'sunny' }],
  }),
];
const told = (more: Partial<ConversationDetail> = {}): ConversationDetail => ({
  id: 'c1',
  title: 'About tea',
  preview: 'first words',
  channel: 'web',
  persona: { id: 'lumina', name: 'Lumina' },
  started_at: '2026-11-20T12:00:00Z',
  ended_at: '2026-11-20T12:05:00Z',
  ended_reason: 'user_hung_up',
  duration_s: 300,
  turn_count: 2,
  recorded: false,
  live: false,
  latencies_s: [0.8],
  match: null,
  summary: null,
  turns: TURNS,
  recordings: [],
  ...more,
});
const SOUND = { selector: 'audio' };
const RECORDING = {
  id: 'r1',
  started_at: '2026-11-20T12:00:00Z',
  duration_s: 60,
  size_bytes: 1_000_000,
  content_type: 'audio/ogg',
};

const show = (conversation: object, answers = {}, hash = '') =>
  renderScreen(<ConversationPage />, {
    path: `/conversations/c1${hash}`,
    route: '/conversations/:id',
    answers: { 'GET /api/conversations/c1': conversation, ...answers },
  });

test('what was not heard of a reply is struck, and named for those who listen', async () => {
  show(told());
  const struck = await screen.findByText('three four.');
  expect(struck.tagName).toBe('DEL');
  const row = struck.closest('li');
  expect(row).toHaveTextContent(/Heard: One two Not heard any more: three four\./);
  expect(row && within(row).getByText('get weather')).toBeInTheDocument();
});

test('it can be exported, continued and left', async () => {
  show(told());
  expect(await screen.findByRole('link', { name: 'Subtitles' })).toHaveAttribute(
    'href',
    '/api/conversations/c1/export?format=srt',
  );
  expect(screen.getByRole('link', { name: 'Continue this conversation' })).toHaveAttribute(
    'href',
    '/?conversation=c1',
  );
});

test('an address with a turn leads to it', async () => {
  show(told(), {}, '#turn-t2');
  await waitFor(() => expect(document.getElementById('turn-t2')).toHaveFocus());
});

test('an address that was mangled shows the conversation all the same', async () => {
  show(told(), {}, '#turn-%');
  expect(await screen.findByText('words of t1')).toBeVisible();
});

test('a turn is played from its place in the recording, and shown while it is heard', async () => {
  const { user } = show(told({ recorded: true, recordings: [RECORDING] }));
  const audio = await screen.findByLabelText<HTMLAudioElement>('Recording', SOUND);
  expect(audio).toHaveAttribute('src', '/api/conversations/c1/recordings/r1');
  Object.defineProperty(audio, 'readyState', { value: 4 });
  const second = document.getElementById('turn-t2') as HTMLElement;
  await user.click(within(second).getByRole('button', { name: 'Play from 0:09' }));
  expect(audio.currentTime).toBe(9);
  expect(second).toHaveAttribute('aria-current', 'true');
  audio.currentTime = 6;
  fireEvent.timeUpdate(audio);
  expect(document.getElementById('turn-t1')).toHaveAttribute('aria-current', 'true');
  await user.selectOptions(screen.getByLabelText('Speed'), '1.5');
  expect(audio.playbackRate).toBe(1.5);
});

test('a recording that does not play says so and can be tried again', async () => {
  show(told({ recorded: true, recordings: [RECORDING] }));
  fireEvent.error(await screen.findByLabelText('Recording', SOUND));
  expect(screen.getByRole('alert')).toHaveTextContent('The recording could not be played');
});

test('after its recording was deleted the page says so, and has the focus', async () => {
  let recordings = [RECORDING];
  const { user } = renderScreen(<ConversationPage />, {
    path: '/conversations/c1',
    route: '/conversations/:id',
    answers: {
      'GET /api/conversations/c1': () => told({ recorded: true, recordings }),
      'DELETE /api/conversations/c1/recordings/r1': () => {
        recordings = [];
        return null;
      },
    },
  });
  await user.click(await screen.findByRole('button', { name: /Delete recording/ }));
  const asked = await screen.findByRole('alertdialog');
  await user.click(within(asked).getByRole('button', { name: 'Delete recording' }));
  await waitFor(() => expect(screen.getByText('The recording was deleted.')).toHaveFocus());
});

test('without a recording the words are spoken again, in two voices', async () => {
  vi.spyOn(URL, 'createObjectURL').mockReturnValue('blob:1');
  vi.spyOn(URL, 'revokeObjectURL').mockReturnValue();
  const voice = (id: string) => ({ id, name: id, language: 'en-us' });
  const { user, calls } = show(told(), {
    'GET /api/personas': { personas: [{ id: 'lumina', voice: 'heart', language: null }] },
    'GET /api/personas/options': { voices: [voice('adam'), voice('heart')] },
    'POST /v1/audio/speech': () => new Response('sound'),
  });
  await screen.findByText('three four.');
  await waitFor(() => expect(calls.map(({ path }) => path)).toContain('/api/personas/options'));
  await user.click(screen.getByRole('button', { name: 'Speak it again' }));
  expect(await screen.findByText('Turn 1 of 2')).toBeInTheDocument();
  await waitFor(() =>
    expect(calls.filter(({ method }) => method === 'POST').map(({ body }) => body)).toEqual([
      { input: 'words of t1', voice: 'adam', response_format: 'mp3' },
      { input: 'One two', voice: 'heart', response_format: 'mp3' },
    ]),
  );
  await user.click(screen.getByRole('button', { name: 'Stop' }));
  expect(screen.getByRole('button', { name: 'Speak it again' })).toBeVisible();
});

test('a voice that is down is said, with ways on', async () => {
  const { user } = show(told(), { 'POST /v1/audio/speech': failure(503, 'tts_unready') });
  await user.click(await screen.findByRole('button', { name: 'Speak it again' }));
  expect(await screen.findByText('This turn could not be spoken')).toBeVisible();
  expect(screen.getByRole('button', { name: 'Go on' })).toBeVisible();
  expect(screen.getByRole('button', { name: 'Skip this turn' })).toBeVisible();
});

test('one that is not there leads back to the others', async () => {
  show(failure(404, 'not_found'));
  expect(await screen.findByText('This conversation could not be loaded')).toBeVisible();
  expect(screen.getByRole('link', { name: 'All conversations' })).toBeVisible();
});
