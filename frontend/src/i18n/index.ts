/** The dictionary in use. Choosing a language at run time would happen here and nowhere else. */

import { type Dictionary, en } from './en';

export const text: Dictionary = en;
