/** Words of the Settings screen, in French. */

import type { settings as english } from '../en/settings';
import type { Translated } from '../translated';

export const settings = {
  title: 'Réglages',
} satisfies Translated<typeof english>;
