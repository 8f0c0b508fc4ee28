/** A line that says what was done. It takes the focus where what had it is gone. */

import { useRef, useState } from 'react';

export function useNews() {
  const [news, say] = useState('');
  const status = useRef<HTMLParagraphElement>(null);
  const sayAndFocus = (words: string) => {
    say(words);
    requestAnimationFrame(() => status.current?.focus());
  };
  const line = (
    <p
      ref={status}
      role="status"
      tabIndex={-1}
      className={news ? 'rounded-lg text-soft text-sm' : 'sr-only'}
    >
      {news}
    </p>
  );
  return { line, say, sayAndFocus };
}
