/** Speaks utterances one after the other, the next one made while this one is heard. */

import type { Utterance } from './heard';

export type ReplayState =
  | { kind: 'idle' }
  | { kind: 'finished' }
  | { kind: 'preparing'; place: number }
  | { kind: 'playing'; place: number }
  | { kind: 'paused'; place: number }
  /** The browser wants a press of a button first. */
  | { kind: 'blocked'; place: number }
  | { kind: 'failed'; place: number; error: Error };

/** What is needed of an `<audio>` element. */
export type Loudspeaker = Pick<
  HTMLAudioElement,
  'src' | 'play' | 'pause' | 'playbackRate' | 'defaultPlaybackRate' | 'onended' | 'onerror'
> & { removeAttribute: (name: string) => void };

export type Speak = (utterance: Utterance, signal: AbortSignal) => Promise<Blob>;
type Making = { sound: Promise<Blob>; abort: AbortController };

export class SpokenReplay {
  private state: ReplayState = { kind: 'idle' };
  private making = new Map<number, Making>();
  private speed = 1;
  private url: string | null = null;
  private loaded: number | null = null;
  /** Raised by whatever makes an answer still on its way unwanted. */
  private turn = 0;

  constructor(
    private readonly utterances: readonly Utterance[],
    private readonly speak: Speak,
    private readonly speaker: Loudspeaker,
    private readonly onChange: (state: ReplayState) => void,
  ) {
    speaker.onended = () => this.ended();
    speaker.onerror = () => {
      if (this.url !== null) this.fail(new Error('the sound could not be decoded'));
    };
  }

  async play(place = 0): Promise<void> {
    if (place >= this.utterances.length) {
      this.finish({ kind: 'finished' });
      return;
    }
    const turn = this.begin();
    this.unload();
    this.forgetAllBut([place, place + 1]);
    this.become({ kind: 'preparing', place });
    let sound: Blob;
    try {
      sound = await this.made(place);
    } catch (error) {
      if (turn === this.turn) this.fail(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    if (turn !== this.turn) return;
    this.load(place, sound);
    await this.sound(place);
  }

  pause(): void {
    if (this.state.kind !== 'playing' && this.state.kind !== 'preparing') return;
    this.begin();
    this.speaker.pause();
    this.become({ kind: 'paused', place: this.state.place });
  }

  async resume(): Promise<void> {
    if (!('place' in this.state)) return this.play();
    const { place } = this.state;
    if (this.loaded !== place) return this.play(place);
    this.begin();
    await this.sound(place);
  }

  stop(): void {
    this.finish({ kind: 'idle' });
  }

  setSpeed(speed: number): void {
    this.speed = speed;
    // A new source starts at the default rate.
    this.speaker.defaultPlaybackRate = speed;
    this.speaker.playbackRate = speed;
  }

  /** Nothing is told any more. */
  close(): void {
    this.begin();
    this.unload();
    this.forgetAllBut([]);
    this.speaker.onended = null;
    this.speaker.onerror = null;
  }

  private async sound(place: number): Promise<void> {
    const turn = this.turn;
    try {
      await this.speaker.play();
    } catch (error) {
      if (turn !== this.turn) return;
      const refused = error instanceof DOMException && error.name === 'NotAllowedError';
      if (refused) this.become({ kind: 'blocked', place });
      else this.fail(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    if (turn !== this.turn) return;
    this.become({ kind: 'playing', place });
    if (place + 1 < this.utterances.length) this.make(place + 1);
  }

  private ended(): void {
    if (this.state.kind === 'playing') void this.play(this.state.place + 1);
  }

  private fail(error: Error): void {
    if (!('place' in this.state)) return;
    const { place } = this.state;
    this.begin();
    this.unload();
    // Asked for again, it is to be made again.
    this.forgetAllBut([]);
    this.become({ kind: 'failed', place, error });
  }

  private finish(state: ReplayState): void {
    this.begin();
    this.unload();
    this.forgetAllBut([]);
    this.become(state);
  }

  private begin(): number {
    this.turn += 1;
    return this.turn;
  }

  private become(state: ReplayState): void {
    this.state = state;
    this.onChange(state);
  }

  private load(place: number, sound: Blob): void {
    this.url = URL.createObjectURL(sound);
    this.loaded = place;
    this.speaker.src = this.url;
    this.setSpeed(this.speed);
  }

  private unload(): void {
    this.speaker.pause();
    if (this.url === null) return;
    URL.revokeObjectURL(this.url);
    this.url = null;
    this.loaded = null;
    this.speaker.removeAttribute('src');
  }

  private made(place: number): Promise<Blob> {
    return this.make(place).sound;
  }

  private make(place: number): Making {
    const begun = this.making.get(place);
    if (begun) return begun;
    const utterance = this.utterances[place];
    if (!utterance) throw new RangeError(`no utterance ${place}`);
    const abort = new AbortController();
    const making = { sound: this.speak(utterance, abort.signal), abort };
    // Its failure is told when its turn comes.
    making.sound.catch(() => undefined);
    this.making.set(place, making);
    return making;
  }

  private forgetAllBut(places: readonly number[]): void {
    for (const [place, { abort }] of this.making) {
      if (places.includes(place)) continue;
      abort.abort();
      this.making.delete(place);
    }
  }
}
