/** Somebody's picture, or the letters of a name while there is none. */

import { useState } from 'react';
import { initialsOf } from './initials';

type Props = {
  name: string;
  imageUrl: string | null;
  /** @defaultValue 'small' */
  size?: 'small' | 'large';
};

const SIZES = { small: 'size-12 text-lg', large: 'size-28 text-4xl' };

/** Hidden from screen readers: the name stands beside it. */
export function Avatar({ name, imageUrl, size = 'small' }: Props) {
  const [failed, setFailed] = useState<string | null>(null);
  const box = `inline-flex shrink-0 items-center justify-center overflow-hidden rounded-full border border-line bg-accent-soft font-semibold text-accent ${SIZES[size]}`;
  if (imageUrl === null || failed === imageUrl) {
    return (
      <span aria-hidden className={box}>
        {initialsOf(name)}
      </span>
    );
  }
  return (
    <span aria-hidden className={box}>
      <img
        alt=""
        src={imageUrl}
        className="size-full object-cover"
        onError={() => setFailed(imageUrl)}
      />
    </span>
  );
}
