/** Two voices for a replay: the persona's own for the agent, another one for the user. */

export type Voice = { id: string; name: string; language: string };
export type Voices = { assistant: string | null; user: string | null };

type Known = { voice: string | null; language: string | null } | null;

/** Null leaves the voice to the server. `language`: what is spoken if the persona does not say. */
export function chooseVoices(voices: readonly Voice[], persona: Known, language: string): Voices {
  const spoken = persona?.language && persona.language !== 'auto' ? persona.language : language;
  const own = voices.find(({ id }) => id === persona?.voice);
  const base = (own?.language ?? spoken).toLowerCase().split('-')[0] ?? '';
  const fitting = voices.filter((voice) => voice.language.toLowerCase().split('-')[0] === base);
  const choice = fitting.length > 0 ? fitting : voices;
  const assistant = persona?.voice ?? choice[0]?.id ?? null;
  const user =
    choice.find(({ id }) => id !== assistant) ?? voices.find(({ id }) => id !== assistant);
  return { assistant, user: user?.id ?? null };
}
