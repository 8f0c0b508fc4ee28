/** A failed request as a person can use it: what happened, what to do, and a way on. */

import { RotateCw, TriangleAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { ApiError } from '../client/ApiError';
import { Button } from './Button';

type Props = {
  error: Error;
  /** What could not be done; else a general line. */
  title?: string;
  onRetry?: () => void;
  retrying?: boolean;
};

type Cause =
  | 'network'
  | 'not_signed_in'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'invalid'
  | 'rate_limited'
  | 'unavailable'
  | 'server'
  | 'unknown';

export function causeOf(error: Error): Cause {
  if (!(error instanceof ApiError)) return 'unknown';
  const { status } = error;
  if (status === null) return 'network';
  if (status === 401) return 'not_signed_in';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'not_found';
  if (status === 409) return 'conflict';
  if (status === 429) return 'rate_limited';
  if (status === 503) return 'unavailable';
  if (status >= 500) return 'server';
  return 'invalid';
}

export function ErrorCard({ error, title, onRetry, retrying = false }: Props) {
  const { t } = useTranslation();
  const cause = causeOf(error);
  const reference = error instanceof ApiError ? error.requestId : null;
  const wait_s = error instanceof ApiError ? error.retryAfterS : null;
  return (
    <div role="alert" className="flex gap-3 rounded-2xl border border-line bg-danger-soft p-4">
      <TriangleAlert aria-hidden size={20} className="mt-0.5 shrink-0 text-danger" />
      <div className="flex min-w-0 flex-col gap-1 text-sm">
        <p className="font-semibold text-base">{title ?? t('errors.title')}</p>
        <p>{t(`errors.causes.${cause}.cause`)}</p>
        {/* The server's own words are English, but the most exact for a wrong field. */}
        {cause === 'invalid' && <p lang="en">{error.message}</p>}
        <p className="text-soft">{t(`errors.causes.${cause}.next`)}</p>
        {wait_s !== null && <p className="text-soft">{t('errors.wait', { count: wait_s })}</p>}
        {reference && (
          <p className="font-mono text-soft text-xs">{t('errors.reference', { reference })}</p>
        )}
        <div className="mt-2 flex flex-wrap gap-2 empty:hidden">
          {onRetry && (
            <Button busy={retrying} onClick={onRetry}>
              <RotateCw aria-hidden size={18} />
              {t('ui.retry')}
            </Button>
          )}
          {asksForHealth(cause) && (
            <Link
              to="/health"
              className="inline-flex min-h-11 items-center underline underline-offset-2"
            >
              {t('errors.health')}
            </Link>
          )}
        </div>
      </div>
    </div>
  );
}

function asksForHealth(cause: Cause): boolean {
  return cause === 'network' || cause === 'unavailable' || cause === 'server';
}
