/** Has the agent call somebody: the number, who speaks, and by which line. */

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Phone } from 'lucide-react';
import { type FormEvent, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError, fieldErrors } from '../../client/ApiError';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { ErrorCard } from '../../ui/ErrorCard';
import { SelectField, TextField } from '../../ui/Field';
import { personasQuery } from '../personas/data';
import { callsChanged, dial } from './calls';
import { plainNumber } from './number';
import type { Line } from './phone';

type Problem = 'numberMissing' | 'numberWrong';
type Refusal = 'notAllowed' | 'noLine' | 'busy' | 'ours' | 'already' | 'tries';

/** What the server says no with, in words that say what to do. */
const REFUSALS: Record<string, Refusal> = {
  number_not_allowed: 'notAllowed',
  no_outbound_line: 'noLine',
  lines_busy: 'busy',
  dial_loop: 'ours',
  already_calling: 'already',
  too_many_tries: 'tries',
};

/** `ways`: the lines by which calls go out. */
type Props = { ways: readonly Line[]; onCalling: (news: string) => void };

export function DialCard({ ways, onCalling }: Props) {
  const { t } = useTranslation('calls');
  const client = useQueryClient();
  const field = useId();
  const personas = useQuery(personasQuery);
  const [typed, setTyped] = useState('');
  const [persona, setPersona] = useState('');
  const [way, setWay] = useState('');
  const [problem, setProblem] = useState<Problem | null>(null);
  const call = useMutation({
    mutationFn: (to: string) =>
      dial({ to, line_id: way || ways[0]?.id, ...(persona && { persona_id: persona }) }),
    onSuccess: async (_, number) => {
      onCalling(t('dial.calling', { number }));
      await callsChanged(client);
    },
  });
  const { error } = call;
  const refusal = error instanceof ApiError ? REFUSALS[error.code ?? ''] : undefined;
  const told = problem
    ? t(`dial.${problem}`)
    : refusal
      ? t(`dial.${refusal}`)
      : fieldErrors(error).to;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (call.isPending) return;
    const number = plainNumber(typed);
    setProblem(typed.trim() === '' ? 'numberMissing' : number === null ? 'numberWrong' : null);
    if (number === null) document.getElementById(field)?.focus();
    else call.mutate(number);
  };
  return (
    <Card title={t('dial.title')} intro={t('dial.intro')}>
      <form noValidate onSubmit={submit} className="flex flex-col gap-4">
        <div className="grid gap-4 sm:grid-cols-2">
          <div className="sm:col-span-2">
            <TextField
              id={field}
              label={t('dial.number')}
              hint={t('dial.numberHint')}
              error={told}
              type="tel"
              inputMode="tel"
              autoComplete="off"
              maxLength={40}
              value={typed}
              onChange={({ target }) => {
                setTyped(target.value);
                setProblem(null);
                if (error) call.reset();
              }}
            />
          </div>
          <SelectField
            label={t('dial.persona')}
            value={persona}
            options={[
              { value: '', label: t('dial.personaOfLine') },
              ...(personas.data ?? []).map(({ id, name }) => ({ value: id, label: name })),
            ]}
            onChange={({ target }) => setPersona(target.value)}
          />
          {ways.length > 1 && (
            <SelectField
              label={t('dial.line')}
              value={way || ways[0]?.id}
              options={ways.map(({ id, name }) => ({ value: id, label: name }))}
              onChange={({ target }) => setWay(target.value)}
            />
          )}
        </div>
        {error && !told && <ErrorCard error={error} title={t('dial.failed')} />}
        <div>
          <Button type="submit" look="primary" busy={call.isPending}>
            {!call.isPending && <Phone aria-hidden size={18} />}
            {t('dial.call')}
          </Button>
        </div>
      </form>
    </Card>
  );
}
