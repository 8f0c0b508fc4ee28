/** Who answers in a live call and in which voice, and the way to change both. */

import type { Room } from 'livekit-client';
import { useCallback, useEffect, useState } from 'react';
import { type AgentRequest, askAgent } from '../../voice/askAgent';
import { type Choices, type Persona, personaOf } from './choices';
import type { CallOptions } from './OptionsPanel';

export type Who = { persona: Persona | null; picker: CallOptions['who'] };

type Told = { agent: string | null; persona: string | null };

/** `told` by the agent; until it says who it is, `choices` are those of the call's beginning. */
export function useWho(room: Room, told: Told, choices: Choices): Who {
  const { personas, voices, choosePersona, chooseVoice } = choices;
  const [personaId, setPersonaId] = useState(choices.personaId);
  const [voice, setVoice] = useState(choices.voice);
  const [asking, setAsking] = useState(false);
  const [failed, setFailed] = useState<'persona' | 'voice' | null>(null);
  const identity = told.agent;

  // Somebody may also have asked for another one aloud.
  const toldPersona = told.persona;
  useEffect(() => {
    if (toldPersona !== null) setPersonaId(toldPersona);
  }, [toldPersona]);

  const change = useCallback(
    (what: 'persona' | 'voice', request: AgentRequest, done: () => void) => {
      if (identity === null) return;
      setAsking(true);
      setFailed(null);
      askAgent(room, identity, request)
        .then(done, () => setFailed(what))
        .finally(() => setAsking(false));
    },
    [room, identity],
  );

  const persona = personaOf(personas, personaId);
  const become = (id: string) =>
    change('persona', { method: 'parley.set_persona', payload: { persona: id } }, () => {
      setPersonaId(id);
      setVoice(null);
      choosePersona(id);
    });
  const speakAs = (id: string) =>
    change('voice', { method: 'parley.set_voice', payload: { voice: id } }, () => {
      setVoice(id);
      chooseVoice(id);
    });
  return {
    persona,
    picker: {
      personas,
      voices,
      personaId: persona?.id ?? null,
      voice,
      onPersona: become,
      // A persona that takes over again brings its own voice along.
      onVoice: (id) => {
        if (id !== null) speakAs(id);
        else if (persona) become(persona.id);
      },
      disabled: asking || identity === null,
      failed,
    },
  };
}
