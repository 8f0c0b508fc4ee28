/** How fast replays are played; kept while the page is open. */

import { useState } from 'react';

export const SPEEDS = [1, 1.25, 1.5, 1.75, 2] as const;

let last = 1;

export function useSpeed(): [number, (speed: number) => void] {
  const [speed, setSpeed] = useState(last);
  return [
    speed,
    (next) => {
      last = next;
      setSpeed(next);
    },
  ];
}
