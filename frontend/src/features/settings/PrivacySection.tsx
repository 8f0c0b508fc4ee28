/** What is kept of a person's calls and for how long, and all of it in their own hands. */

import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { Card } from '../../ui/Card';
import { ErrorCard } from '../../ui/ErrorCard';
import { SelectField } from '../../ui/Field';
import { Switch } from '../../ui/Switch';
import { DataCard } from './DataCard';
import { ForgetCard } from './ForgetCard';
import type { SectionProps } from './SettingsPage';
import { useChangeMe } from './useChangeMe';

const RETENTION_DAYS = [7, 30, 90, 365] as const;
const POLICIES = ['auto', 'ask', 'off'] as const;
const FOREVER = 'forever';

export default function PrivacySection({ session, user }: SectionProps) {
  const { t } = useTranslation('settings');
  const change = useChangeMe();
  // What was asked for is shown while the server thinks it over, and taken back if it refuses.
  const shown = change.isPending ? { ...user, ...change.variables } : user;
  const days = daysWith(shown.retention_days ?? null);
  return (
    <>
      <Card title={t('privacy.title')}>
        {session.recording_allowed && (
          <Switch
            label={t('privacy.record')}
            hint={t('privacy.recordHint')}
            checked={shown.record_calls}
            onChange={(record_calls) => change.mutate({ record_calls })}
          />
        )}
        <SelectField
          label={t('privacy.retention')}
          hint={t('privacy.retentionHint')}
          value={shown.retention_days ?? FOREVER}
          onChange={({ target }) =>
            change.mutate({
              retention_days: target.value === FOREVER ? null : Number(target.value),
            })
          }
          options={[
            { value: FOREVER, label: t('privacy.forever') },
            ...days.map((count) => ({
              value: String(count),
              label: t('privacy.days', { count }),
            })),
          ]}
        />
        <SelectField
          label={t('privacy.memory')}
          hint={t(`privacy.memoryHints.${shown.memory_policy}`)}
          value={shown.memory_policy}
          onChange={({ target }) => {
            const memory_policy = POLICIES.find((policy) => policy === target.value);
            if (memory_policy) change.mutate({ memory_policy });
          }}
          options={POLICIES.map((value) => ({ value, label: t(`privacy.policies.${value}`) }))}
        />
        <Link to="/memory" className="self-start underline underline-offset-2">
          {t('privacy.seeMemory')}
        </Link>
        {change.error && <ErrorCard error={change.error} />}
        <p role="status" className="text-soft text-sm empty:absolute">
          {change.isSuccess && t('saved')}
        </p>
      </Card>
      <DataCard />
      <ForgetCard session={session} user={user} />
    </>
  );
}

/** Set elsewhere, any number of days may stand: it must not look like another one. */
export function daysWith(current: number | null): number[] {
  const known: number[] = [...RETENTION_DAYS];
  if (current !== null && !known.includes(current)) known.push(current);
  return known.sort((a, b) => a - b);
}
