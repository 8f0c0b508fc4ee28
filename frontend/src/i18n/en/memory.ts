/** Words of the Memory screen, in English. */

export const memory = {
  title: 'Memory',
} as const;
