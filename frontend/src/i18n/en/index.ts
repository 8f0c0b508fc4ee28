/** Every text people read, in English: one file a screen. The app itself loads them one by one. */

import { account } from './account';
import { call } from './call';
import { calls } from './calls';
import { common } from './common';
import { conversations } from './conversations';
import { health } from './health';
import { memory } from './memory';
import { personas } from './personas';
import { settings } from './settings';
import { talk } from './talk';

export const en = {
  account,
  calls,
  common,
  conversations,
  health,
  memory,
  personas,
  settings,
  talk: { ...talk, ...call },
};
