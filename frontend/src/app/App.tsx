/** The frame around every page: name, theme, and the page itself. */

import { TalkPage } from '../features/talk/TalkPage';
import { text } from '../i18n';
import { CrashScreen } from './CrashScreen';
import { Logo } from './Logo';
import { ThemeToggle } from './ThemeToggle';

export function App() {
  return (
    <div className="flex min-h-dvh flex-col">
      <header className="flex shrink-0 items-center justify-between px-4 py-2 sm:px-6 sm:py-3">
        <span className="flex items-center gap-2.5 font-semibold text-lg tracking-tight">
          <Logo />
          {text.product}
        </span>
        <ThemeToggle />
      </header>
      <CrashScreen>
        <TalkPage />
      </CrashScreen>
    </div>
  );
}
