/** The whole app: what the server knows, the addresses, and the screens. */

import { QueryClientProvider } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { createBrowserRouter, RouterProvider } from 'react-router';
import { onSignedOut } from '../client/api';
import { createQueryClient } from '../client/queries';
import { sessionQuery } from '../client/session';
import { routes } from './routes';

export function App() {
  const [client] = useState(createQueryClient);
  const [router] = useState(() => createBrowserRouter(routes));
  // The guards then see that nobody is signed in, and lead to the sign-in page and back.
  useEffect(
    () =>
      onSignedOut(() => {
        // Answers to this very question too: asked anew for each, it would be asked for ever.
        const { queryKey } = sessionQuery;
        void client.invalidateQueries({ queryKey }, { cancelRefetch: false });
      }),
    [client],
  );
  return (
    <QueryClientProvider client={client}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  );
}
