/** Shows words and a way on where a fault in our own code would leave an empty page. */

import { Component, type ReactNode } from 'react';
import { t } from '../i18n';
import { Button } from '../ui/Button';

type State = { crashed: boolean };

export class CrashScreen extends Component<{ children: ReactNode }, State> {
  override state: State = { crashed: false };

  static getDerivedStateFromError(): State {
    return { crashed: true };
  }

  override render(): ReactNode {
    return this.state.crashed ? <CrashMessage /> : this.props.children;
  }
}

export function CrashMessage() {
  return (
    <main className="m-auto flex max-w-md flex-col items-center gap-4 px-4 py-8 text-center">
      <div role="alert">
        <h1 className="mb-2 font-semibold text-2xl">{t('crash.title')}</h1>
        <p className="text-soft">{t('crash.body')}</p>
      </div>
      <Button look="primary" onClick={() => window.location.reload()}>
        {t('crash.reload')}
      </Button>
    </main>
  );
}
