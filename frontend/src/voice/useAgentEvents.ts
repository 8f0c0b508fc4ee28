/** Listens to the agent's own events: tools go to the transcript, troubles and latency are kept. */

import type { Room } from 'livekit-client';
import { useCallback, useState } from 'react';
import { type AgentEvent, EVENTS_TOPIC, parseAgentEvent, type Stage } from './events';
import { unreachable } from './problem';
import type { TranscriptAction } from './transcript';
import { type StreamHandler, useTextStreams } from './useTextStreams';

export type CallNews = {
  stagesDown: readonly Stage[];
  latency_s: number | null;
  error: { code: string; message: string | null } | null;
};

const NO_NEWS: CallNews = { stagesDown: [], latency_s: null, error: null };

export function useAgentEvents(
  room: Room,
  dispatch: (action: TranscriptAction) => void,
): { news: CallNews; dismissError: () => void } {
  const [news, setNews] = useState(NO_NEWS);

  const onStream = useCallback<StreamHandler>(
    async (reader) => {
      const event = parseAgentEvent(await reader.readAll());
      if (!event) return;
      const action = transcriptActionFrom(event);
      if (action) dispatch(action);
      setNews((known) => withEvent(known, event));
    },
    [dispatch],
  );
  useTextStreams(room, EVENTS_TOPIC, onStream);

  const dismissError = useCallback(() => setNews((known) => ({ ...known, error: null })), []);
  return { news, dismissError };
}

export function transcriptActionFrom(event: AgentEvent): TranscriptAction | null {
  switch (event.type) {
    case 'tool': {
      const { type: _type, state, ...tool } = event;
      return { type: 'tool', tool: { ...tool, state: state === 'started' ? 'running' : state } };
    }
    case 'turn':
      return event.interrupted ? { type: 'interrupted' } : null;
    case 'status':
    case 'error':
      return null;
    default:
      return unreachable(event);
  }
}

export function withEvent(news: CallNews, event: AgentEvent): CallNews {
  switch (event.type) {
    case 'tool':
      return news;
    case 'turn':
      // A finished turn shows that the trouble before it is over.
      return { ...news, latency_s: event.e2e_latency_s ?? news.latency_s, error: null };
    case 'status': {
      const others = news.stagesDown.filter((stage) => stage !== event.stage);
      return { ...news, stagesDown: event.state === 'down' ? [...others, event.stage] : others };
    }
    case 'error':
      return { ...news, error: { code: event.code, message: event.message } };
    default:
      return unreachable(event);
  }
}
