/** Lets one hear a voice: a sentence from the speech server, one at a time. */

import { useCallback, useEffect, useRef, useState } from 'react';
import { ApiError, errorFrom } from '../../client/ApiError';

const PREVIEW_WITHIN_MS = 20_000;

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
  const url = URL.createObjectURL(await spoken(voice, sentence, signal));
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

async function spoken(voice: string, sentence: string, signal: AbortSignal): Promise<Blob> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(PREVIEW_WITHIN_MS)]);
  let response: Response;
  try {
    response = await fetch('/v1/audio/speech', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'tts-1', voice, input: sentence, response_format: 'mp3' }),
      signal: within,
    });
  } catch (cause) {
    throw new ApiError({ status: null, cause });
  }
  if (!response.ok) throw errorFrom(response, await response.json().catch(() => null));
  return response.blob();
}
