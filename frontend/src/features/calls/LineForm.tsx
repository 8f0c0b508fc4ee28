/** A line as a form: its numbers, who may call in, where calls go out. */

import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useEffect, useId, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { fieldErrors } from '../../client/ApiError';
import { Button } from '../../ui/Button';
import { ErrorCard } from '../../ui/ErrorCard';
import { ErrorSummary } from '../../ui/ErrorSummary';
import { SelectField, TextAreaField, TextField } from '../../ui/Field';
import { personasQuery } from '../personas/data';
import { CallsIn } from './CallsIn';
import { CallsOut } from './CallsOut';
import { Warnings } from './LineItem';
import {
  bodyOf,
  draftOf,
  entriesOf,
  type LineDraft,
  type LineProblem,
  type LineProblems,
  problemsOf,
} from './lineDraft';
import { addLine, changeLine, type Line, type NewLine, useLineChange, warningsOf } from './phone';

const FIELDS = Object.keys(draftOf(null)) as (keyof LineDraft)[];

export type Edit = {
  draft: LineDraft;
  line: Line | null;
  set: (change: Partial<LineDraft>) => void;
  /** The id of a field's control, its value, and what is wrong with it. */
  field: (name: keyof LineDraft) => { id: string; error?: string };
};

/** `onDone` is given the name of the line, or null where nothing was changed. */
type Props = { line: Line | null; onDone: (saved: string | null) => void };

export function LineForm({ line, onDone }: Props) {
  const { t } = useTranslation(['calls', 'common']);
  const form = useId();
  const [draft, setDraft] = useState(() => draftOf(line));
  const [problems, setProblems] = useState<LineProblems>({});
  const saving = useLineChange((body: NewLine) =>
    line ? changeLine(line.id, body) : addLine(body),
  );
  useEffect(() => document.getElementById(`${form}-name`)?.focus(), [form]);

  const wrong = useMemo(() => {
    const words = (problem: LineProblem) =>
      problem.kind === 'numbersWrong'
        ? t('calls:form.numbersWrong', { entry: problem.entry })
        : t(`calls:form.${problem.kind}`);
    const refused = refusedFields(saving.error);
    return FIELDS.flatMap((name) => {
      const problem = problems[name];
      const message = problem ? words(problem) : refused[name];
      return message ? [{ name, id: `${form}-${name}`, message }] : [];
    });
  }, [problems, saving.error, form, t]);
  const edit: Edit = {
    draft,
    line,
    set: (change) => setDraft((before) => ({ ...before, ...change })),
    field: (name) => ({
      id: `${form}-${name}`,
      error: wrong.find((one) => one.name === name)?.message,
    }),
  };
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (saving.isPending) return;
    const found = problemsOf(draft, line);
    setProblems(found);
    if (Object.keys(found).length > 0) return;
    saving.mutate(bodyOf(draft), { onSuccess: () => onDone(draft.name.trim()) });
  };
  return (
    <form
      noValidate
      onSubmit={send}
      aria-label={
        line ? t('calls:lines.editTitle', { name: line.name }) : t('calls:lines.addTitle')
      }
      className="flex flex-col gap-5"
    >
      <ErrorSummary errors={wrong} />
      <WhichCard edit={edit} />
      <CallsIn edit={edit} />
      <CallsOut edit={edit} />
      <Warnings warnings={warningsOf(lineOf(draft))} />
      {saving.error && wrong.length === 0 && (
        <ErrorCard error={saving.error} title={t('calls:form.failed')} />
      )}
      <div className="flex flex-wrap gap-2">
        <Button type="submit" look="primary" busy={saving.isPending}>
          {t('calls:form.save')}
        </Button>
        <Button disabled={saving.isPending} onClick={() => onDone(null)}>
          {t('common:ui.cancel')}
        </Button>
      </div>
    </form>
  );
}

function WhichCard({ edit }: { edit: Edit }) {
  const { t } = useTranslation('calls');
  const { draft, set, field } = edit;
  const personas = useQuery(personasQuery);
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <TextField
        {...field('name')}
        label={t('form.name')}
        required
        maxLength={100}
        value={draft.name}
        onChange={({ target }) => set({ name: target.value })}
      />
      <SelectField
        {...field('persona_id')}
        label={t('form.persona')}
        value={draft.persona_id}
        options={[
          { value: '', label: t('form.personaDefault') },
          ...(personas.data ?? []).map(({ id, name }) => ({ value: id, label: name })),
        ]}
        onChange={({ target }) => set({ persona_id: target.value })}
      />
      <div className="sm:col-span-2">
        <TextAreaField
          {...field('numbers')}
          label={t('form.numbers')}
          hint={t('form.numbersHint')}
          rows={2}
          value={draft.numbers}
          onChange={({ target }) => set({ numbers: target.value })}
        />
      </div>
    </div>
  );
}

/** `numbers.0` is wrong in the field `numbers`. */
function refusedFields(error: unknown): Record<string, string> {
  const fields = Object.entries(fieldErrors(error));
  return Object.fromEntries(fields.map(([name, words]) => [name.split('.')[0] ?? name, words]));
}

/** What the line would leave open as it stands in the form. */
function lineOf(draft: LineDraft) {
  return {
    ...draft,
    has_pin: draft.asks_pin,
    allowed_addresses: entriesOf(draft.allowed_addresses),
    trusted_callers: entriesOf(draft.trusted_callers),
  };
}
