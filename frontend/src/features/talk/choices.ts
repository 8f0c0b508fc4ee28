/** Who may answer and in which voice: asked for once the page can be used, never waited for. */

import { useQuery } from '@tanstack/react-query';
import { setPreferences, usePreferences } from '../../app/preferences';
import { api, ask } from '../../client/api';

/** Changed while a call is on only by people themselves: no need to ask again all the time. */
const FRESH_MS = 60_000;

const fetchPersonas = async ({ signal }: { signal: AbortSignal }) =>
  (await ask(api.GET('/api/personas', { signal }))).personas;
const fetchOptions = ({ signal }: { signal: AbortSignal }) =>
  ask(api.GET('/api/personas/options', { signal }));

export type Persona = Awaited<ReturnType<typeof fetchPersonas>>[number];
type Options = Awaited<ReturnType<typeof fetchOptions>>;
export type Voice = Options['voices'][number];

export type Choices = {
  /** Empty until they are known, and where they cannot be. */
  personas: readonly Persona[];
  voices: readonly Voice[];
  /** Of the next call; null leaves it to the server. */
  personaId: string | null;
  voice: string | null;
  choosePersona: (id: string) => void;
  chooseVoice: (id: string | null) => void;
};

export function useChoices(wanted: boolean): Choices {
  const { personaId, voice } = usePreferences();
  const personas = useQuery({
    queryKey: ['talk', 'personas'],
    queryFn: fetchPersonas,
    enabled: wanted,
    staleTime: FRESH_MS,
  });
  const options = useQuery({
    queryKey: ['talk', 'options'],
    queryFn: fetchOptions,
    enabled: wanted,
    staleTime: FRESH_MS,
  });
  return {
    personas: personas.data ?? [],
    voices: options.data?.voices ?? [],
    personaId,
    voice,
    // Another persona has a voice of its own; one chosen before would hide it.
    choosePersona: (id) => setPreferences({ personaId: id, voice: null }),
    chooseVoice: (id) => setPreferences({ voice: id }),
  };
}

/** The one with this id, else the one that answers when nobody is asked for. */
export function personaOf(personas: readonly Persona[], id: string | null): Persona | null {
  return (
    personas.find((persona) => persona.id === id) ??
    personas.find((persona) => persona.is_default) ??
    null
  );
}
