/** The screens, each in a chunk of its own that loads when it is first shown. */

import { lazy } from 'react';
import { withWords } from '../i18n';

/** Asked for at once when the page opens on Talk, before React has found out. */
export const loadTalk = () => import('../features/talk/TalkPage');

export const TalkPage = lazy(loadTalk);
export const SignInPage = lazy(() =>
  withWords(['account'], import('../features/account/SignInPage')),
);
export const SignUpPage = lazy(() =>
  withWords(['account'], import('../features/account/SignUpPage')),
);
export const SetupPage = lazy(() =>
  withWords(['account'], import('../features/account/SetupPage')),
);
export const ConversationsPage = lazy(() =>
  withWords(['conversations'], import('../features/conversations/ConversationsPage')),
);
export const ConversationPage = lazy(() =>
  withWords(['conversations', 'call'], import('../features/conversations/ConversationPage')),
);
export const CallsPage = lazy(() => withWords(['calls'], import('../features/calls/CallsPage')));
export const MemoryPage = lazy(() =>
  withWords(['memory'], import('../features/memory/MemoryPage')),
);
export const PersonasPage = lazy(() =>
  withWords(['personas'], import('../features/personas/PersonasPage')),
);
export const PersonaPage = lazy(() =>
  withWords(['personas'], import('../features/personas/PersonaPage')),
);
export const SettingsPage = lazy(() =>
  withWords(['settings', 'call'], import('../features/settings/SettingsPage')),
);
export const HealthPage = lazy(() =>
  withWords(['health'], import('../features/health/HealthPage')),
);
