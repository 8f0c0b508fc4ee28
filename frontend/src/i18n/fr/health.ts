/** Words of the Health screen, in French. */

import type { health as english } from '../en/health';
import type { Translated } from '../translated';

export const health = {
  title: 'État',
} satisfies Translated<typeof english>;
