/** A conversation without a recording, spoken anew by the speech server. */

import { useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { api, ask, requestSpeech } from '../../client/api';
import { currentLanguage } from '../../i18n';
import type { ConversationDetail } from './conversations';
import { utterancesOf } from './heard';
import { type ReplayState, SpokenReplay } from './SpokenReplay';
import type { Replay } from './useRecording';
import { useSpeed } from './useSpeed';
import { chooseVoices, type Voices } from './voices';

const FRESH_MS = 60_000;
const SERVERS_CHOICE: Voices = { assistant: null, user: null };

export function useSpokenReplay({ id, turns, persona }: ConversationDetail, wanted: boolean) {
  // Told again with the same words, as after a change of its name, it plays on.
  const said = JSON.stringify(wanted ? utterancesOf(turns) : []);
  const utterances = useMemo(() => JSON.parse(said) as ReturnType<typeof utterancesOf>, [said]);
  const voices = useVoices(persona?.id ?? null, wanted);
  const voicesNow = useRef(voices);
  voicesNow.current = voices;
  const [state, setState] = useState<ReplayState>({ kind: 'idle' });
  const [speed, setSpeed] = useSpeed();
  const speedNow = useRef(speed);
  speedNow.current = speed;
  const player = useRef<SpokenReplay | null>(null);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another conversation is another replay.
  useEffect(() => {
    setState({ kind: 'idle' });
    return () => {
      player.current?.close();
      player.current = null;
    };
  }, [utterances, id]);

  const made = useCallback(() => {
    player.current ??= new SpokenReplay(
      utterances,
      ({ text, role }, signal) => {
        const voice = voicesNow.current[role];
        return requestSpeech({ input: text, ...(voice && { voice }) }, signal);
      },
      new Audio(),
      setState,
    );
    player.current.setSpeed(speedNow.current);
    return player.current;
  }, [utterances]);

  const playable = useMemo(() => new Set(utterances.map(({ turnId }) => turnId)), [utterances]);
  const place = 'place' in state ? state.place : null;
  const turnId = place === null ? null : (utterances[place]?.turnId ?? null);
  const replay: Replay = {
    turnId,
    playing: state.kind === 'playing' || state.kind === 'preparing',
    playable,
    playFrom: (wantedId) =>
      void made().play(utterances.findIndex((utterance) => utterance.turnId === wantedId)),
  };
  return {
    state,
    replay,
    speed,
    setSpeed: (next: number) => {
      setSpeed(next);
      player.current?.setSpeed(next);
    },
    order: [...playable],
    play: () => void made().play(),
    pause: () => player.current?.pause(),
    resume: () => void made().resume(),
    stop: () => player.current?.stop(),
    skip: () => {
      const next = utterances.findIndex(
        (utterance, index) => index > (place ?? 0) && utterance.turnId !== turnId,
      );
      void made().play(next < 0 ? utterances.length : next);
    },
  };
}

export type SpokenState = ReturnType<typeof useSpokenReplay>;

/** Until they are known, and where they cannot be, the server chooses: one voice is better than none. */
function useVoices(personaId: string | null, wanted: boolean): Voices {
  const personas = useQuery({
    queryKey: ['replay', 'personas'],
    queryFn: ({ signal }) => ask(api.GET('/api/personas', { signal })),
    enabled: wanted,
    staleTime: FRESH_MS,
  });
  const options = useQuery({
    queryKey: ['replay', 'options'],
    queryFn: ({ signal }) => ask(api.GET('/api/personas/options', { signal })),
    enabled: wanted,
    staleTime: FRESH_MS,
  });
  const persona = personas.data?.personas.find(({ id }) => id === personaId) ?? null;
  const voices = options.data?.voices ?? [];
  return voices.length > 0 ? chooseVoices(voices, persona, currentLanguage()) : SERVERS_CHOICE;
}
