/** The form behind signing in, signing up and setting up: checked here, then by the server. */

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { sessionChanged } from '../../client/session';
import { Button } from '../../ui/Button';
import { ErrorCard } from '../../ui/ErrorCard';
import { ErrorSummary } from '../../ui/ErrorSummary';
import { formatClock } from '../../ui/format';
import { EntryFields, fieldId } from './EntryFields';
import { type Entered, type EntryField, missingIn, type Refusal, refusalsOf } from './refusals';
import { useWait } from './useWait';

type Props = {
  kind: 'known' | 'new';
  /** Beside login and password. */
  asks?: readonly EntryField[];
  /** What the address knows already. */
  given?: Partial<Entered>;
  submitLabel: string;
  enter: (entered: Entered) => Promise<unknown>;
  onRefused?: (refusals: readonly Refusal[]) => void;
  children?: ReactNode;
};

/** Nobody thinks in seconds beyond. */
const LONG_WAIT_S = 100;
const NOTHING: readonly EntryField[] = [];

export function EntryForm(props: Props) {
  const { kind, asks = NOTHING, given, submitLabel, enter, onRefused, children } = props;
  const { t } = useTranslation(['account', 'common']);
  const client = useQueryClient();
  const [missing, setMissing] = useState<readonly Refusal[]>([]);
  const entering = useMutation({
    mutationFn: async (entered: Entered) => {
      await enter(entered);
      // The guard then leads on to where the person wanted to go.
      await sessionChanged(client);
    },
    onError: (error) => onRefused?.(refusalsOf(error)),
  });
  const { error } = entering;
  const refusals = useMemo(
    () => (missing.length > 0 || !error ? missing : refusalsOf(error)),
    [missing, error],
  );
  const wait_s = useWait(error);
  const summary = useMemo(
    () =>
      refusals.map(({ field, reason }) => ({
        id: field ? fieldId(field) : undefined,
        message: t(`refusals.${reason}`),
      })),
    [refusals, t],
  );

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    if (entering.isPending || wait_s > 0) return;
    const entered = readForm(event.currentTarget);
    const found = missingIn(entered, asks, kind);
    setMissing(found);
    if (found.length === 0) entering.mutate(entered);
    else entering.reset();
  }

  return (
    <form method="post" noValidate onSubmit={submit} className="flex flex-col gap-5">
      <ErrorSummary title={t('refused')} errors={summary} />
      {error && refusals.length === 0 && <ErrorCard error={error} />}
      <EntryFields kind={kind} asks={asks} given={given} refusals={refusals} />
      {wait_s > 0 && (
        // Not a live region: counting aloud would drown everything else.
        <p className="text-soft text-sm">
          {wait_s < LONG_WAIT_S
            ? t('common:errors.wait', { count: wait_s })
            : t('longWait', { time: formatClock(wait_s) })}
        </p>
      )}
      <Button type="submit" look="primary" busy={entering.isPending} disabled={wait_s > 0}>
        {submitLabel}
      </Button>
      {children}
    </form>
  );
}

/** Read from the form itself: password managers fill it without telling React. */
function readForm(form: HTMLFormElement): Entered {
  const data = new FormData(form);
  const text = (name: string) => String(data.get(name) ?? '');
  return {
    login: text('username').trim(),
    password: text('password'),
    invite: text('invite').trim(),
    setup_code: text('setup_code').trim(),
    preferred_name: text('preferred_name').trim(),
  };
}
