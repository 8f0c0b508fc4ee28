/** Lets one hear a voice: a sentence from the speech server, one at a time. */

import { useCallback, useEffect, useRef, useState } from 'react';
import { ApiError } from '../../client/ApiError';
import { requestSpeech } from '../../client/api';

export type Preview = {
  /** The voice being fetched or heard. */
  playing: string | null;
  error: Error | null;
  play: (voice: string, sentence: string) => void;
  stop: () => void;
};

export function useVoicePreview(): Preview {
  const [playing, setPlaying] = useState<string | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const current = useRef<AbortController | null>(null);

  const stop = useCallback(() => {
    current.current?.abort();
    current.current = null;
    setPlaying(null);
  }, []);

  const play = useCallback(
    (voice: string, sentence: string) => {
      stop();
      const own = new AbortController();
      current.current = own;
      setPlaying(voice);
      setError(null);
      heard(voice, sentence, own.signal)
        .catch((cause: unknown) => {
          if (own.signal.aborted) return;
          setError(cause instanceof Error ? cause : new ApiError({ status: null, cause }));
        })
        .finally(() => {
          if (current.current === own) stop();
        });
    },
    [stop],
  );

  useEffect(() => stop, [stop]);
  return { playing, error, play, stop };
}

async function heard(voice: string, sentence: string, signal: AbortSignal): Promise<void> {
  const url = URL.createObjectURL(await requestSpeech({ input: sentence, voice }, signal));
  const audio = new Audio(url);
  try {
    await new Promise<void>((resolve, reject) => {
      signal.addEventListener('abort', () => resolve());
      audio.addEventListener('ended', () => resolve());
      audio.addEventListener('error', () => reject(new Error('the sound cannot be played')));
      audio.play().catch(reject);
    });
  } finally {
    audio.pause();
    URL.revokeObjectURL(url);
  }
}
