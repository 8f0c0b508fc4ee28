/** Words of the Memory screen, in French. */

import type { memory as english } from '../en/memory';
import type { Translated } from '../translated';

export const memory = {
  title: 'Mémoire',
} satisfies Translated<typeof english>;
