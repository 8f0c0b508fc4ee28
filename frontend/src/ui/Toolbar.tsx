/** Above a list: what narrows it down and what can be done with it. */

import { Search } from 'lucide-react';
import { type ReactNode, useEffect, useId, useRef, useState } from 'react';

const SETTLED_MS = 300;

export function Toolbar({ children }: { children: ReactNode }) {
  return <div className="flex flex-wrap items-end gap-3">{children}</div>;
}

type SearchProps = {
  label: string;
  value: string;
  /** Called once typing has paused, not with every letter. */
  onSearch: (value: string) => void;
};

export function SearchBox({ label, value, onSearch }: SearchProps) {
  const id = useId();
  const [typed, setTyped] = useState(value);
  const told = useRef(value);
  const tell = useRef(onSearch);
  tell.current = onSearch;

  // Changed from outside, by the back button for one.
  useEffect(() => {
    if (value !== told.current) {
      told.current = value;
      setTyped(value);
    }
  }, [value]);
  useEffect(() => {
    if (typed === told.current) return;
    const timer = setTimeout(() => {
      told.current = typed;
      tell.current(typed);
    }, SETTLED_MS);
    return () => clearTimeout(timer);
  }, [typed]);

  return (
    <div className="relative min-w-0 flex-[1_1_16rem]">
      <label htmlFor={id} className="sr-only">
        {label}
      </label>
      <Search
        aria-hidden
        size={18}
        className="pointer-events-none absolute top-1/2 left-3.5 -translate-y-1/2 text-soft"
      />
      <input
        id={id}
        type="search"
        value={typed}
        placeholder={label}
        onChange={(event) => setTyped(event.target.value)}
        className="min-h-11 w-full rounded-full border border-field bg-surface py-2 pr-4 pl-10 placeholder:text-soft"
      />
    </div>
  );
}
