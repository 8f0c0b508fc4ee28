/** Listens to the agent's own events: tools go to the transcript, what ails the call is kept. */

import type { Room } from 'livekit-client';
import { useCallback, useState } from 'react';
import {
  type AgentEvent,
  type EndedReason,
  EVENTS_TOPIC,
  parseAgentEvent,
  type Stage,
  type StageState,
} from './events';
import { unreachable } from './problem';
import type { TranscriptAction } from './transcript';
import { type StreamHandler, useTextStreams } from './useTextStreams';

export type Ailment = { state: Exclude<StageState, 'recovered'>; since_ms: number | null };

export type CallNews = {
  /** Whose news it is: what ailed an agent that was replaced is not known of the next. */
  sender: string | null;
  /** Only those that are not whole. */
  stages: Partial<Record<Stage, Ailment>>;
  recording: boolean;
  persona: string | null;
  internet: boolean;
  latency_s: number | null;
  error: { code: string; message: string | null } | null;
};

export const NO_NEWS: CallNews = {
  sender: null,
  stages: {},
  recording: false,
  persona: null,
  internet: false,
  latency_s: null,
  error: null,
};

export function useAgentEvents(
  room: Room,
  dispatch: (action: TranscriptAction) => void,
  onEnded: (reason: EndedReason) => void,
): { news: CallNews; dismissError: () => void } {
  const [news, setNews] = useState(NO_NEWS);

  const onStream = useCallback<StreamHandler>(
    async (reader, sender) => {
      const event = parseAgentEvent(await reader.readAll());
      if (!event) return;
      for (const action of transcriptActionsFrom(event)) dispatch(action);
      if (event.type === 'ended') onEnded(event.reason);
      setNews((known) => withEvent(newsOf(sender, known), event));
    },
    [dispatch, onEnded],
  );
  useTextStreams(room, EVENTS_TOPIC, onStream);

  const dismissError = useCallback(() => setNews((known) => ({ ...known, error: null })), []);
  return { news, dismissError };
}

export function transcriptActionsFrom(event: AgentEvent): TranscriptAction[] {
  switch (event.type) {
    case 'tool': {
      const { type: _type, state, ...tool } = event;
      return [{ type: 'tool', tool: { ...tool, state: state === 'started' ? 'running' : state } }];
    }
    case 'turn': {
      const timed: TranscriptAction = { type: 'timed', timing: event.timing };
      return event.interrupted ? [{ type: 'interrupted' }, timed] : [timed];
    }
    case 'status':
    case 'agent':
    case 'recording':
    case 'ended':
    case 'error':
      return [];
    default:
      return unreachable(event);
  }
}

export function newsOf(sender: string, news: CallNews): CallNews {
  if (news.sender === sender) return news;
  const { latency_s, persona } = news;
  return { ...NO_NEWS, sender, latency_s, persona };
}

export function withEvent(news: CallNews, event: AgentEvent): CallNews {
  switch (event.type) {
    case 'tool':
    case 'ended':
      return news;
    case 'turn':
      // A finished turn shows that the trouble before it is over.
      return {
        ...news,
        latency_s: event.timing.times.e2e_latency_s ?? news.latency_s,
        error: null,
      };
    case 'status': {
      const { stage, state, since_ms } = event;
      const { [stage]: _before, ...others } = news.stages;
      const stages = state === 'recovered' ? others : { ...others, [stage]: { state, since_ms } };
      return { ...news, stages };
    }
    case 'agent':
      return { ...news, persona: event.persona, internet: event.internet };
    case 'recording':
      return { ...news, recording: event.on };
    case 'error':
      return { ...news, error: { code: event.code, message: event.message } };
    default:
      return unreachable(event);
  }
}
