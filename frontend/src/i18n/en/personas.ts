/** Words of the Personas screen, in English. */

export const personas = {
  title: 'Personas',
  persona: 'Persona',
} as const;
