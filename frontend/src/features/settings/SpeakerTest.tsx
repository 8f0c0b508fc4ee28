/** Plays a short tone on the chosen loudspeaker. */

import { Volume2 } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/Button';

type State = 'idle' | 'playing' | 'played' | 'failed';

/** Two notes, a fifth apart: a single one could be the room humming. */
const NOTES_HZ = [440, 660] as const;
const NOTE_S = 0.45;
const FADE_S = 0.03;
const VOLUME = 0.25;

export function SpeakerTest({ deviceId }: { deviceId: string }) {
  const { t } = useTranslation('settings');
  const [state, setState] = useState<State>('idle');
  const stop = useRef<() => void>(undefined);
  useEffect(() => () => stop.current?.(), []);

  async function play() {
    stop.current?.();
    setState('playing');
    const abort = new AbortController();
    stop.current = () => abort.abort();
    try {
      await playTone(deviceId, abort.signal);
      setState('played');
    } catch {
      if (!abort.signal.aborted) setState('failed');
    }
  }

  return (
    <>
      <Button className="self-start" busy={state === 'playing'} onClick={() => void play()}>
        <Volume2 aria-hidden size={18} />
        {t('sound.testSpeaker')}
      </Button>
      <p role="status" className="text-soft text-sm empty:absolute">
        {state !== 'idle' && t(`sound.tone.${state}`)}
      </p>
    </>
  );
}

/** Ends when the tone does. An audio element carries it: only those can be sent to a device. */
async function playTone(deviceId: string, signal: AbortSignal): Promise<void> {
  const context = new AudioContext();
  const element = new Audio();
  try {
    const sink = context.createMediaStreamDestination();
    element.srcObject = sink.stream;
    if (deviceId !== 'default' && 'setSinkId' in element) await element.setSinkId(deviceId);
    await element.play();
    await context.resume();
    const ended = NOTES_HZ.map((hz, place) => note(context, sink, hz, place * NOTE_S));
    await Promise.race([Promise.all(ended), aborted(signal)]);
  } finally {
    element.srcObject = null;
    await context.close();
  }
}

function note(
  context: AudioContext,
  sink: AudioNode,
  hz: number,
  after_s: number,
): Promise<unknown> {
  const oscillator = new OscillatorNode(context, { frequency: hz });
  const gain = new GainNode(context, { gain: 0 });
  const from_s = context.currentTime + after_s + FADE_S;
  // Begun and ended softly: a hard edge is a click.
  gain.gain.setTargetAtTime(VOLUME, from_s, FADE_S);
  gain.gain.setTargetAtTime(0, from_s + NOTE_S - 4 * FADE_S, FADE_S);
  oscillator.connect(gain).connect(sink);
  oscillator.start(from_s);
  oscillator.stop(from_s + NOTE_S);
  return new Promise((resolve) => oscillator.addEventListener('ended', resolve, { once: true }));
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
