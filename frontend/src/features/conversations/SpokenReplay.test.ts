import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Utterance } from './heard';
import { type Loudspeaker, type ReplayState, SpokenReplay } from './SpokenReplay';

const UTTERANCES: Utterance[] = ['a', 'b', 'c'].map((turnId) => ({
  turnId,
  role: 'user',
  text: `said in ${turnId}`,
}));

type Asked = { turnId: string; signal: AbortSignal; answer: (sound: Blob | Error) => void };

let open: Set<string>;
let urls: number;

beforeEach(() => {
  open = new Set();
  urls = 0;
  vi.spyOn(URL, 'createObjectURL').mockImplementation(() => {
    urls += 1;
    open.add(`blob:${urls}`);
    return `blob:${urls}`;
  });
  vi.spyOn(URL, 'revokeObjectURL').mockImplementation((url) => void open.delete(url));
});
afterEach(() => vi.restoreAllMocks());

function replay(play: () => Promise<void> = async () => {}) {
  const asked: Asked[] = [];
  const states: ReplayState[] = [];
  const speaker = {
    src: '',
    play: vi.fn(play),
    pause: vi.fn(),
    playbackRate: 1,
    defaultPlaybackRate: 1,
    onended: null,
    onerror: null,
    removeAttribute: () => {},
  } as unknown as Loudspeaker;
  const speak = ({ turnId }: Utterance, signal: AbortSignal) =>
    new Promise<Blob>((resolve, reject) => {
      const answer = (sound: Blob | Error) =>
        sound instanceof Error ? reject(sound) : resolve(sound);
      asked.push({ turnId, signal, answer });
    });
  const player = new SpokenReplay(UTTERANCES, speak, speaker, (state) => states.push(state));
  const kinds = () => states.map(({ kind }) => kind);
  const ended = () => speaker.onended?.call({} as HTMLAudioElement, new Event('ended'));
  return { player, asked, states, kinds, speaker, ended };
}

const settle = () => new Promise((resolve) => setTimeout(resolve));
const sound = () => new Blob(['sound']);

test('turns follow each other, the next made while one is heard, and every URL is freed', async () => {
  const { player, asked, kinds, ended } = replay();
  void player.play();
  asked[0]?.answer(sound());
  await settle();
  expect(asked.map(({ turnId }) => turnId)).toEqual(['a', 'b']);
  asked[1]?.answer(sound());
  ended();
  await settle();
  expect(asked.map(({ turnId }) => turnId)).toEqual(['a', 'b', 'c']);
  expect(open.size).toBe(1);
  asked[2]?.answer(sound());
  ended();
  await settle();
  ended();
  await settle();
  expect(kinds()).toEqual([
    ...['preparing', 'playing', 'preparing', 'playing', 'preparing', 'playing'],
    'finished',
  ]);
  expect(urls).toBe(3);
  expect(open.size).toBe(0);
});

test('a turn chosen meanwhile is the one that is heard', async () => {
  const { player, asked, states, speaker } = replay();
  void player.play(0);
  void player.play(2);
  asked[0]?.answer(sound());
  await settle();
  expect(speaker.play).not.toHaveBeenCalled();
  expect(asked[0]?.signal.aborted).toBe(true);
  asked[1]?.answer(sound());
  await settle();
  expect(states.at(-1)).toEqual({ kind: 'playing', place: 2 });
});

test('paused while it is made, it waits; going on does not make it again', async () => {
  const { player, asked, states, speaker } = replay();
  void player.play();
  player.pause();
  asked[0]?.answer(sound());
  await settle();
  expect(speaker.play).not.toHaveBeenCalled();
  void player.resume();
  await settle();
  expect(states.at(-1)).toEqual({ kind: 'playing', place: 0 });
  expect(asked.filter(({ turnId }) => turnId === 'a')).toHaveLength(1);
});

test('paused while it is heard, it goes on from there', async () => {
  const { player, asked, speaker, states } = replay();
  void player.play();
  asked[0]?.answer(sound());
  await settle();
  player.pause();
  expect(states.at(-1)).toEqual({ kind: 'paused', place: 0 });
  await player.resume();
  expect(urls).toBe(1);
  expect(speaker.play).toHaveBeenCalledTimes(2);
});

test('a turn that cannot be made says so, and can be asked for again', async () => {
  const { player, asked, states } = replay();
  void player.play();
  asked[0]?.answer(new Error('no voice'));
  await settle();
  expect(states.at(-1)).toMatchObject({ kind: 'failed', place: 0 });
  void player.resume();
  asked[1]?.answer(sound());
  await settle();
  expect(states.at(-1)).toEqual({ kind: 'playing', place: 0 });
});

test('a next turn that failed ahead of time does not end the one that is heard', async () => {
  const { player, asked, states, ended } = replay();
  void player.play();
  asked[0]?.answer(sound());
  await settle();
  asked[1]?.answer(new Error('no voice'));
  await settle();
  expect(states.at(-1)?.kind).toBe('playing');
  ended();
  await settle();
  expect(states.at(-1)).toMatchObject({ kind: 'failed', place: 1 });
});

test('a browser that wants a press first is told apart from a fault', async () => {
  const refuse = async () => {
    throw new DOMException('press first', 'NotAllowedError');
  };
  const { player, asked, states } = replay(refuse);
  void player.play();
  asked[0]?.answer(sound());
  await settle();
  expect(states.at(-1)).toEqual({ kind: 'blocked', place: 0 });
});

test('stopped or left, nothing is made, held or said any more', async () => {
  const { player, asked, states, speaker } = replay();
  void player.play();
  asked[0]?.answer(sound());
  await settle();
  player.stop();
  expect(states.at(-1)).toEqual({ kind: 'idle' });
  expect(asked[1]?.signal.aborted).toBe(true);
  expect(open.size).toBe(0);
  void player.play();
  const told = states.length;
  player.close();
  asked[2]?.answer(sound());
  await settle();
  expect(states).toHaveLength(told);
  expect(speaker.onended).toBeNull();
});

test('the speed holds for the turns that follow', async () => {
  const { player, asked, speaker } = replay();
  player.setSpeed(1.5);
  void player.play();
  asked[0]?.answer(sound());
  await settle();
  expect(speaker.playbackRate).toBe(1.5);
  expect(speaker.defaultPlaybackRate).toBe(1.5);
});
