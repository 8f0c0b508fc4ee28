/** Puts the focus on the heading of a screen that was navigated to, where a page load would. */

import { type RefObject, useEffect, useRef } from 'react';
import { useLocation } from 'react-router';

/** The first screen keeps the browser's own focus. Search words in the address are no new screen. */
let lastPath: string | null = null;

export function useArrivalFocus<E extends HTMLElement>(): RefObject<E | null> {
  const target = useRef<E>(null);
  const { pathname } = useLocation();
  useEffect(() => {
    const arrived = lastPath !== null && lastPath !== pathname;
    lastPath = pathname;
    if (arrived) target.current?.focus();
  }, [pathname]);
  return target;
}
