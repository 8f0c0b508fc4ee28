/** The screens, each in a chunk of its own that loads when it is first shown. */

import { lazy } from 'react';

/** Asked for at once when the page opens on Talk, before React has found out. */
export const loadTalk = () => import('../features/talk/TalkPage');

export const TalkPage = lazy(loadTalk);
export const SignInPage = lazy(() => import('../features/account/SignInPage'));
export const SignUpPage = lazy(() => import('../features/account/SignUpPage'));
export const SetupPage = lazy(() => import('../features/account/SetupPage'));
export const ConversationsPage = lazy(() => import('../features/conversations/ConversationsPage'));
export const ConversationPage = lazy(() => import('../features/conversations/ConversationPage'));
export const MemoryPage = lazy(() => import('../features/memory/MemoryPage'));
export const PersonasPage = lazy(() => import('../features/personas/PersonasPage'));
export const PersonaPage = lazy(() => import('../features/personas/PersonaPage'));
export const SettingsPage = lazy(() => import('../features/settings/SettingsPage'));
export const HealthPage = lazy(() => import('../features/health/HealthPage'));
