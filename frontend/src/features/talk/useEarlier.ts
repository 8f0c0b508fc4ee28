/** Puts what was said before above a conversation that is to go on. */

import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { TranscriptAction } from '../../voice/transcript';
import { entriesOf, fetchConversation, type KeptConversation } from './recalled';

export type Earlier = {
  conversation: KeptConversation | null;
  error: Error | null;
  loading: boolean;
  retry: () => void;
};

/** Null goes on with nothing. */
export function useEarlier(
  conversationId: string | null,
  dispatch: (action: TranscriptAction) => void,
): Earlier {
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: ['talk', 'conversation', conversationId],
    queryFn: ({ signal }) => fetchConversation(conversationId ?? '', signal),
    enabled: conversationId !== null,
    // Read once: during the call the page itself knows what was said since.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  useEffect(() => {
    if (data) dispatch({ type: 'recalled', entries: entriesOf(data.turns) });
  }, [data, dispatch]);
  return {
    conversation: data ?? null,
    error,
    loading: isFetching && !data,
    retry: () => void refetch(),
  };
}
