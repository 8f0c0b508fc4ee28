/** Small side effects of a live call, one hook each. */

import { type RefObject, useCallback, useEffect, useRef } from 'react';
import { t } from '../../i18n';
import type { Problem } from '../../voice/problem';
import { lastSpeech, type Transcript, type TranscriptAction } from '../../voice/transcript';
import type { AgentPresence } from '../../voice/useAgentPresence';

/** A call without an agent is no call: it ends with a reason and a way on. */
export function useFailureOf(presence: AgentPresence, onFail: (problem: Problem) => void): void {
  const { kind } = presence;
  useEffect(() => {
    if (kind === 'absent') onFail({ kind: 'agent_absent' });
    if (kind === 'left') onFail({ kind: 'agent_left' });
  }, [kind, onFail]);
}

/** What an agent that dropped out was saying or doing does not go on with the next one. */
export function useLossOf(
  presence: AgentPresence,
  dispatch: (action: TranscriptAction) => void,
): void {
  const away = presence.kind === 'away';
  useEffect(() => {
    if (away) dispatch({ type: 'agent_gone' });
  }, [away, dispatch]);
}

/** Escape stops the agent while it speaks, unless something nearer to the hand took the key. */
export function useEscape(active: boolean, act: () => void): void {
  useEffect(() => {
    if (!active) return;
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && !event.defaultPrevented && !event.isComposing) act();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, [active, act]);
}

/**
 * Reads final replies to screen readers, but only while the agent's sound is off: with the sound
 * on, the same words would be heard twice at once.
 */
export function useSpokenReplies(
  soundOff: boolean,
  entries: Transcript,
  announce: (message: string) => void,
): void {
  const announced = useRef<string | null>(null);
  const reply = lastSpeech(entries, 'agent');
  useEffect(() => {
    if (!reply || reply.status === 'interim' || announced.current === reply.id) return;
    announced.current = reply.id;
    if (soundOff)
      announce(t('talk:announcements.said', { who: t('talk:transcript.agent'), text: reply.text }));
  }, [soundOff, reply, announce]);
}

/** Moves a style variable directly: sixty redraws a second are too many for React. */
export function useLevelWriter(
  target: RefObject<HTMLElement | null>,
  variable: '--level-user' | '--level-agent',
): (level: number) => void {
  return useCallback(
    (level: number) => target.current?.style.setProperty(variable, level.toFixed(3)),
    [target, variable],
  );
}
