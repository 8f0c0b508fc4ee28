/** A problem as a person can use it: what happened, why, what to do, and a way on. */

import { Activity, Keyboard, LogIn, RotateCw, TriangleAlert } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { Button, buttonClasses } from '../../ui/Button';
import { usePageTitle } from '../../ui/pageTitle';
import { unreachable } from '../../voice/problem';
import { focusIfFree } from './focusIfFree';
import type { ProblemWords } from './problemWords';
import { useCountdown } from './useCountdown';
import type { HealthView } from './useHealth';

type MessageProps = {
  words: ProblemWords;
  health: HealthView;
  reference: string | null;
  watching: boolean;
};

/** Goes into an alert region that was on the page before. */
export function ProblemMessage({ words, health, reference, watching }: MessageProps) {
  const { t } = useTranslation('talk');
  usePageTitle(words.title);
  return (
    <div className="flex flex-col items-center gap-4 text-center">
      <span className="inline-flex size-16 items-center justify-center rounded-full bg-danger-soft text-danger">
        <TriangleAlert aria-hidden size={28} />
      </span>
      <h1 className="text-balance font-semibold text-2xl tracking-tight sm:text-3xl">
        {words.title}
      </h1>
      <p className="text-balance text-soft">{words.cause}</p>
      <ul className="flex w-full list-disc flex-col gap-1.5 rounded-2xl border border-line bg-surface py-4 pr-5 pl-10 text-left marker:text-accent">
        {words.steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ul>
      {watching && <p className="text-sm text-soft">{t('problems.mic_denied.watching')}</p>}
      <Health view={health} />
      {reference && (
        <p className="font-mono text-soft text-xs">{t('problems.reference', { reference })}</p>
      )}
    </div>
  );
}

function Health({ view }: { view: HealthView }) {
  const { t } = useTranslation(['talk', 'common']);
  switch (view.kind) {
    case 'unasked':
    case 'asking':
      return null;
    case 'unknown':
      return <p className="text-sm text-soft">{t('problems.servicesUnknown')}</p>;
    case 'known':
      if (view.down.length === 0)
        return <p className="text-sm text-soft">{t('problems.servicesFine')}</p>;
      return (
        <div className="w-full text-left text-sm" data-testid="services-down">
          <h2 className="mb-2 font-semibold">{t('problems.servicesTitle')}</h2>
          <ul className="flex flex-wrap gap-2">
            {view.down.map((service) => (
              <li
                key={service.name}
                data-service={service.name}
                className="rounded-full bg-danger-soft px-3 py-1 text-danger"
              >
                {t(`common:services.${service.name}`)}
              </li>
            ))}
          </ul>
        </div>
      );
    default:
      return unreachable(view);
  }
}

type ActionsProps = {
  wait_s: number | null;
  textOffered: boolean;
  /** Where the server or the way to it may be the trouble. */
  healthOffered: boolean;
  /** Where to sign in again; null where that is not the trouble. */
  signInAt: string | null;
  onRetry: () => void;
  onTextOnly: () => void;
};

export function ProblemActions(props: ActionsProps) {
  const { wait_s, textOffered, healthOffered, signInAt, onRetry, onTextOnly } = props;
  const { t } = useTranslation('talk');
  const left_s = useCountdown(wait_s);
  const retry = useRef<HTMLButtonElement>(null);
  const waiting = left_s > 0;
  // While it waits the button is off and takes no focus.
  useEffect(() => {
    if (!waiting) focusIfFree(retry.current);
  }, [waiting]);
  return (
    <div className="flex w-full flex-col items-center gap-3">
      {waiting && (
        <p className="text-sm text-soft tabular-nums">
          {t('problems.retryIn', { seconds: left_s })}
        </p>
      )}
      <div className="flex w-full flex-col justify-center gap-3 sm:flex-row">
        {signInAt !== null && (
          <Link to={signInAt} className={buttonClasses('primary')}>
            <LogIn aria-hidden size={18} />
            {t('problems.signIn')}
          </Link>
        )}
        <Button
          ref={retry}
          look={signInAt === null ? 'primary' : 'secondary'}
          disabled={waiting}
          onClick={onRetry}
        >
          <RotateCw aria-hidden size={18} />
          {t('problems.retry')}
        </Button>
        {textOffered && (
          <Button onClick={onTextOnly}>
            <Keyboard aria-hidden size={18} />
            {t('problems.textOnly')}
          </Button>
        )}
        {healthOffered && (
          <Link to="/health" className={buttonClasses('secondary')}>
            <Activity aria-hidden size={18} />
            {t('problems.health')}
          </Link>
        )}
      </div>
    </div>
  );
}
