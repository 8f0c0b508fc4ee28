/** Words of the Settings screen, in English. */

export const settings = {
  title: 'Settings',
} as const;
