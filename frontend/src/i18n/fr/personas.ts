/** Words of the Personas screen, in French. */

import type { personas as english } from '../en/personas';
import type { Translated } from '../translated';

export const personas = {
  title: 'Personas',
  persona: 'Persona',
} satisfies Translated<typeof english>;
