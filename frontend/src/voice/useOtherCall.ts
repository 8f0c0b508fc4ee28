/** Says whether another tab of this browser is in a call: two would hear each other. */

import { useEffect, useRef, useState } from 'react';

const CHANNEL = 'parley.call';
type News = 'asked' | 'live' | 'over';

/** `live`: this tab is in a call itself, and tells the others. */
export function useOtherCall(live: boolean): boolean {
  const [other, setOther] = useState(false);
  const channel = useRef<BroadcastChannel>(null);
  const isLive = useRef(live);

  useEffect(() => {
    if (typeof BroadcastChannel !== 'function') return;
    const opened = new BroadcastChannel(CHANNEL);
    channel.current = opened;
    opened.onmessage = ({ data }: MessageEvent<News>) => {
      if (data === 'asked' && isLive.current) opened.postMessage('live' satisfies News);
      if (data === 'live') setOther(true);
      if (data === 'over') setOther(false);
    };
    opened.postMessage('asked' satisfies News);
    const leave = () => {
      if (isLive.current) opened.postMessage('over' satisfies News);
    };
    // A tab that is closed takes its components down unheard.
    window.addEventListener('pagehide', leave);
    return () => {
      window.removeEventListener('pagehide', leave);
      leave();
      opened.close();
      channel.current = null;
    };
  }, []);

  useEffect(() => {
    if (isLive.current === live) return;
    isLive.current = live;
    channel.current?.postMessage((live ? 'live' : 'over') satisfies News);
  }, [live]);

  return other;
}
