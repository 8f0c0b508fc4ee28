/** Every text people read, in French: one file a screen. */

import { account } from './account';
import { calls } from './calls';
import { common } from './common';
import { conversations } from './conversations';
import { health } from './health';
import { memory } from './memory';
import { personas } from './personas';
import { settings } from './settings';
import { talk } from './talk';

export const fr = {
  account,
  calls,
  common,
  conversations,
  health,
  memory,
  personas,
  settings,
  talk,
};
