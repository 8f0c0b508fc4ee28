/** Words of the Health screen, in English. */

export const health = {
  title: 'Health',
} as const;
