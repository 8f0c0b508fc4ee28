/** Listens for a moment, shows how loud it is, and says whether anything was heard. */

import { createLocalAudioTrack, type LocalAudioTrack } from 'livekit-client';
import { Mic, Square } from 'lucide-react';
import { useCallback, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/Button';
import { type Problem, problemFromMicrophone } from '../../voice/problem';
import { useLevel } from '../../voice/useLevel';
import { browserFamily, problemWords } from '../talk/problemWords';

type Test =
  | { kind: 'off' }
  | { kind: 'asking' }
  | { kind: 'on'; track: LocalAudioTrack }
  | { kind: 'failed'; problem: Problem };

/** Louder than a quiet room, softer than a voice at arm's length. */
const HEARD_LEVEL = 0.4;
const PATIENCE_MS = 5_000;

type Props = { deviceId: string; onAllowed?: () => void };

export function MicrophoneTest({ deviceId, onAllowed }: Props) {
  const { t } = useTranslation('settings');
  const [test, setTest] = useState<Test>({ kind: 'off' });
  const track = test.kind === 'on' ? test.track : null;
  // The microphone closes with the page, the device, and the test.
  useEffect(() => () => void track?.stop(), [track]);
  const there = useRef(true);
  useEffect(() => {
    there.current = true;
    return () => {
      there.current = false;
    };
  }, []);

  async function start() {
    if (!window.isSecureContext) {
      setTest({ kind: 'failed', problem: { kind: 'insecure_page' } });
      return;
    }
    setTest({ kind: 'asking' });
    try {
      const opened = await createLocalAudioTrack({ deviceId });
      if (!there.current) opened.stop();
      else setTest({ kind: 'on', track: opened });
    } catch (error) {
      setTest({ kind: 'failed', problem: problemFromMicrophone(error) });
    }
  }

  function stop() {
    setTest({ kind: 'off' });
    onAllowed?.();
  }

  return (
    <>
      {track ? (
        <>
          <Meter track={track} />
          <Button className="self-start" onClick={stop}>
            <Square aria-hidden size={18} />
            {t('sound.stopTest')}
          </Button>
        </>
      ) : (
        <Button className="self-start" busy={test.kind === 'asking'} onClick={() => void start()}>
          <Mic aria-hidden size={18} />
          {t('sound.testMicrophone')}
        </Button>
      )}
      <div role="alert" className="empty:absolute">
        {test.kind === 'failed' && <MicrophoneProblem problem={test.problem} />}
      </div>
    </>
  );
}

function Meter({ track }: { track: LocalAudioTrack }) {
  const { t } = useTranslation('settings');
  const bar = useRef<HTMLSpanElement>(null);
  const [heard, setHeard] = useState(false);
  const [silent, setSilent] = useState(false);
  const onLevel = useCallback((level: number) => {
    if (bar.current) bar.current.style.width = `${Math.round(level * 100)}%`;
    if (level > HEARD_LEVEL) setHeard(true);
  }, []);
  useLevel(track, onLevel);
  useEffect(() => {
    const timer = setTimeout(() => setSilent(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  const words = heard ? 'heard' : silent ? 'silent' : 'speak';
  return (
    <>
      <span
        aria-hidden
        className="h-3 w-full overflow-hidden rounded-full border border-line-strong bg-raised"
      >
        <span ref={bar} className="block h-full w-0 bg-accent forced-colors:bg-[CanvasText]" />
      </span>
      <p role="status">{t(`sound.${words}`)}</p>
    </>
  );
}

function MicrophoneProblem({ problem }: { problem: Problem }) {
  const { title, cause, steps } = problemWords(problem, browserFamily(navigator.userAgent));
  return (
    <div className="rounded-2xl border border-line bg-danger-soft p-4 text-sm">
      <p className="font-semibold text-base">{title}</p>
      <p>{cause}</p>
      <ol className="mt-1 list-decimal pl-5 text-soft">
        {steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
    </div>
  );
}
