/** One polite voice for screen readers: texts come one by one, spaced, and never overwrite each other. */

import { useCallback, useEffect, useMemo, useState } from 'react';

/** Readers drop texts that follow each other faster. */
const SPACING_MS = 300;
/** The region is emptied first: the same text twice would otherwise be no change to announce. */
const CLEARED_MS = 50;

export type AnnouncerQueue = { say: (text: string) => void; stop: () => void };

export function createAnnouncer(show: (text: string) => void): AnnouncerQueue {
  const waiting: string[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;

  const next = () => {
    const text = waiting.shift();
    if (text === undefined) {
      timer = undefined;
      return;
    }
    show('');
    timer = setTimeout(() => {
      show(text);
      timer = setTimeout(next, SPACING_MS - CLEARED_MS);
    }, CLEARED_MS);
  };

  return {
    say: (text) => {
      if (text.trim() === '' || waiting.at(-1) === text) return;
      waiting.push(text);
      if (timer === undefined) next();
    },
    stop: () => {
      clearTimeout(timer);
      timer = undefined;
      waiting.length = 0;
    },
  };
}

export function useAnnouncer(): { message: string; announce: (text: string) => void } {
  const [message, setMessage] = useState('');
  const queue = useMemo(() => createAnnouncer(setMessage), []);
  useEffect(() => queue.stop, [queue]);
  const announce = useCallback((text: string) => queue.say(text), [queue]);
  return { message, announce };
}
