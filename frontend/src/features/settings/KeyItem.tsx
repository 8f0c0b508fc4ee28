/** One API key in the list: what it may do, how much, until when. */

import { useTranslation } from 'react-i18next';
import { Badge, type Tone } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { formatDate, formatDateTime, formatNumber, formatRelative } from '../../ui/format';
import { type ApiKey, endOf, type KeyState } from './keys';

const TONES: Record<KeyState, Tone> = {
  works: 'good',
  ends: 'warn',
  expired: 'neutral',
  revoked: 'neutral',
};

type Props = { apiKey: ApiKey; state: KeyState; onRotate: () => void; onRevoke: () => void };

export function KeyItem({ apiKey, state, onRotate, onRevoke }: Props) {
  const { t } = useTranslation(['settings', 'common']);
  const { name, hint, scopes } = apiKey;
  const works = state === 'works' || state === 'ends';
  const end = endOf(apiKey);
  const quotas = (
    [
      ['requests', apiKey.requests_per_minute],
      ['minutes', apiKey.audio_minutes_per_day],
      ['tokens', apiKey.tokens_per_day],
    ] as const
  ).flatMap(([what, value]) =>
    value === null ? [] : [t(`keys.quotas.${what}`, { amount: formatNumber(value) })],
  );
  return (
    <li className="flex flex-wrap items-center justify-between gap-3 py-3">
      <div className="min-w-0">
        <p className="flex flex-wrap items-center gap-2">
          <span className="font-medium">{name}</span>
          <code className="text-soft text-sm">{hint}…</code>
          <Badge tone={TONES[state]}>
            {state === 'ends' && end
              ? t('keys.endsOn', { date: formatDateTime(end) })
              : t(`keys.states.${state}`)}
          </Badge>
        </p>
        <p className="text-soft text-sm">
          {scopes.map((scope) => t(`common:services.${scope}`)).join(', ')}
        </p>
        <p className="text-soft text-sm">
          {quotas.length > 0 ? quotas.join(' · ') : t('keys.noQuota')}
        </p>
        <p className="text-soft text-sm">
          {t('keys.madeOn', { date: formatDate(apiKey.created_at) })}
          {' · '}
          {apiKey.last_used_at
            ? t('keys.usedLast', { when: formatRelative(apiKey.last_used_at) })
            : t('keys.neverUsed')}
        </p>
      </div>
      {works && (
        <div className="flex flex-wrap gap-2">
          <Button aria-label={t('keys.rotateOf', { name })} onClick={onRotate}>
            {t('keys.rotate')}
          </Button>
          <Button aria-label={t('keys.revokeOf', { name })} onClick={onRevoke}>
            {t('keys.revoke')}
          </Button>
        </div>
      )}
    </li>
  );
}
