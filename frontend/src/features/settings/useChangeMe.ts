/** Changes what the server keeps of a person's wishes; the page shows the answer. */

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, ask } from '../../client/api';
import type { components } from '../../client/schema';
import { type Session, sessionQuery } from '../../client/session';

/** What is left out stays as it is. */
export type MeChange = components['schemas']['MeChange'];

export function useChangeMe() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (changes: MeChange) => ask(api.PATCH('/api/me', { body: changes })),
    onSuccess: (user) =>
      client.setQueryData<Session>(sessionQuery.queryKey, (old) => old && { ...old, user }),
  });
}
