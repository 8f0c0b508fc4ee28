/** Puts the app on the page. */

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/App';
import './app/app.css';
import { applyPreferences } from './app/preferences';
import { loadTalk } from './app/screens';
import { guessedLanguage, showLanguage } from './i18n';

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
applyPreferences();
if (window.location.pathname === '/') void loadTalk();
await showLanguage(guessedLanguage()).catch(() => undefined);
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
