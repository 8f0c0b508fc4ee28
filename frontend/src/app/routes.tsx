/** Which address shows which screen, and who may see it. */

import type { RouteObject } from 'react-router';
import { CrashMessage } from './CrashScreen';
import { ForGuests, ForUsers } from './guards';
import { Layout } from './Layout';
import { NotFoundPage } from './NotFoundPage';
import * as screens from './screens';

export const routes: RouteObject[] = [
  {
    element: <Layout />,
    errorElement: <CrashMessage />,
    children: [
      {
        element: <ForUsers />,
        children: [
          { path: '/', element: <screens.TalkPage /> },
          { path: '/conversations', element: <screens.ConversationsPage /> },
          { path: '/conversations/:id', element: <screens.ConversationPage /> },
          { path: '/calls', element: <screens.CallsPage /> },
          { path: '/memory', element: <screens.MemoryPage /> },
          { path: '/personas', element: <screens.PersonasPage /> },
          { path: '/personas/:id', element: <screens.PersonaPage /> },
          { path: '/settings', element: <screens.SettingsPage /> },
        ],
      },
      {
        element: <ForGuests />,
        children: [
          { path: '/sign-in', element: <screens.SignInPage /> },
          { path: '/sign-up', element: <screens.SignUpPage /> },
          { path: '/setup', element: <screens.SetupPage /> },
        ],
      },
      // Also for who cannot sign in because of it.
      { path: '/health', element: <screens.HealthPage /> },
      { path: '*', element: <NotFoundPage /> },
    ],
  },
];
