/** One line: its state, who may call by it, and what it leaves open. */

import { ShieldAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Badge, type Tone } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { type Line, type PhoneStatus, type Warning, warningsOf } from './phone';

type Seen = PhoneStatus['lines'][number];
type Props = { line: Line; seen: Seen | null; onEdit: () => void; onDelete: () => void };

const TONES: Record<Seen['state'], Tone> = { ready: 'good', pending: 'warn', failed: 'bad' };

export function LineItem({ line, seen, onEdit, onDelete }: Props) {
  const { t } = useTranslation('calls');
  const { name, numbers } = line;
  const { state, reason } = seen ?? line;
  const facts = [
    t('lines.numbers', { count: numbers.length, numbers: numbers.join(', ') }),
    ...line.allowed_addresses,
    line.auth_user,
    line.has_pin && t('lines.withPin'),
    line.outbound_address && t('lines.callsOut', { address: line.outbound_address }),
  ].filter(Boolean);
  return (
    <li data-testid="line" className="flex flex-col gap-3 py-4">
      <div className="flex flex-wrap items-start justify-between gap-3">
        <div className="flex min-w-0 flex-col gap-1">
          <h3 className="flex flex-wrap items-center gap-2 font-medium">
            {name}
            <Badge tone={TONES[state]}>{t(`lines.states.${state}`)}</Badge>
          </h3>
          <p className="text-soft text-sm">{facts.join(' · ')}</p>
          {state !== 'ready' && reason && (
            <p lang="en" className="font-mono text-soft text-xs">
              {reason}
            </p>
          )}
        </div>
        <div className="flex flex-wrap gap-2">
          <Button aria-label={t('lines.editOf', { name })} onClick={onEdit}>
            {t('lines.edit')}
          </Button>
          <Button aria-label={t('lines.deleteOf', { name })} onClick={onDelete}>
            {t('lines.delete')}
          </Button>
        </div>
      </div>
      <Warnings warnings={warningsOf(line)} />
    </li>
  );
}

export function Warnings({ warnings }: { warnings: readonly Warning[] }) {
  const { t } = useTranslation('calls');
  if (warnings.length === 0) return null;
  return (
    <div className="flex gap-3 rounded-2xl bg-warn-soft p-3 text-sm">
      <ShieldAlert aria-hidden size={18} className="mt-0.5 shrink-0 text-warn" />
      <div>
        <p className="font-medium">{t('lines.open')}</p>
        <ul className="list-disc pl-4">
          {warnings.map((warning) => (
            <li key={warning}>{t(`lines.warnings.${warning}`)}</li>
          ))}
        </ul>
      </div>
    </div>
  );
}
