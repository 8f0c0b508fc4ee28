/** The words, voice and manners of a persona, as a form. */

import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useId, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { fieldErrors } from '../../client/ApiError';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { ErrorCard } from '../../ui/ErrorCard';
import { ErrorSummary } from '../../ui/ErrorSummary';
import { SelectField, TextAreaField, TextField } from '../../ui/Field';
import { languageName } from '../../ui/format';
import {
  create,
  type NewPersona,
  optionsQuery,
  type Persona,
  save,
  usePersonaChange,
} from './data';
import { bodyOf, type Draft, type DraftProblems, draftOf, problemsOf } from './draft';
import { MannersCard } from './MannersCard';
import { VoiceField } from './VoiceField';

const FIELDS = Object.keys(draftOf(null)) as (keyof Draft)[];

export type Edit = {
  draft: Draft;
  set: (change: Partial<Draft>) => void;
  /** The id of a field's control, and what is wrong with it. */
  field: (name: keyof Draft) => { id: string; error?: string; disabled: boolean };
};

export function PersonaForm({ persona }: { persona: Persona | null }) {
  const { t } = useTranslation('personas');
  const form = useId();
  const navigate = useNavigate();
  const options = useQuery(optionsQuery);
  const [draft, setDraft] = useState(() => draftOf(persona));
  const [problems, setProblems] = useState<DraftProblems>({});
  const [saved, setSaved] = useState(false);
  const saving = usePersonaChange((body: NewPersona) =>
    persona ? save({ id: persona.id, body }) : create(body),
  );
  const locked = persona !== null && !persona.editable;

  const wrong = useMemo(() => {
    const refused = fieldErrors(saving.error);
    const words = (name: keyof Draft) => {
      const problem = problems[name];
      return problem ? t(`problems.${problem}`) : refused[name];
    };
    return FIELDS.flatMap((name) => {
      const message = words(name);
      return message ? [{ name, id: `${form}-${name}`, message }] : [];
    });
  }, [problems, saving.error, form, t]);
  const edit: Edit = {
    draft,
    set: (change) => {
      setSaved(false);
      setDraft((before) => ({ ...before, ...change }));
    },
    field: (name) => ({
      id: `${form}-${name}`,
      error: wrong.find((one) => one.name === name)?.message,
      disabled: locked,
    }),
  };
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (locked || saving.isPending) return;
    const found = problemsOf(draft);
    setProblems(found);
    if (Object.keys(found).length > 0) return;
    saving.mutate(bodyOf(draft), {
      onSuccess: (kept) => (persona ? setSaved(true) : navigate(`/personas/${kept.id}`)),
    });
  };
  return (
    <form noValidate className="flex flex-col gap-6" onSubmit={send}>
      <ErrorSummary errors={wrong} />
      <WhoCard edit={edit} />
      <Card title={t('voiceTitle')}>
        <VoiceField
          {...edit.field('voice')}
          voice={draft.voice}
          voices={options.data?.voices ?? []}
          onChange={(voice) => edit.set({ voice })}
        />
        <LanguageField edit={edit} languages={options.data?.languages ?? []} />
        <TextField
          {...edit.field('greeting')}
          label={t('greeting')}
          hint={t('greetingHint')}
          maxLength={500}
          value={draft.greeting}
          onChange={(event) => edit.set({ greeting: event.target.value })}
        />
      </Card>
      <MannersCard edit={edit} options={options.data ?? null} />
      {saving.error && wrong.length === 0 && (
        <ErrorCard error={saving.error} title={t('notSaved')} />
      )}
      {!locked && (
        <div className="flex flex-wrap items-center gap-4">
          <Button type="submit" look="primary" busy={saving.isPending}>
            {persona ? t('save') : t('create')}
          </Button>
          <p role="status" className="text-soft">
            {saved && t('saved')}
          </p>
        </div>
      )}
    </form>
  );
}

function WhoCard({ edit }: { edit: Edit }) {
  const { t } = useTranslation('personas');
  const { draft, set, field } = edit;
  return (
    <Card title={t('who')}>
      <TextField
        {...field('name')}
        label={t('name')}
        required
        maxLength={64}
        value={draft.name}
        onChange={(event) => set({ name: event.target.value })}
      />
      <TextAreaField
        {...field('prompt')}
        label={t('prompt')}
        hint={t('promptHint')}
        required
        rows={6}
        maxLength={8000}
        value={draft.prompt}
        onChange={(event) => set({ prompt: event.target.value })}
      />
      <TextField
        {...field('style')}
        label={t('style')}
        hint={t('styleHint')}
        maxLength={1000}
        value={draft.style}
        onChange={(event) => set({ style: event.target.value })}
      />
    </Card>
  );
}

function LanguageField({ edit, languages }: { edit: Edit; languages: readonly string[] }) {
  const { t } = useTranslation('personas');
  const { draft, set, field } = edit;
  const offered = new Set(languages);
  if (draft.language && draft.language !== 'auto') offered.add(draft.language);
  return (
    <SelectField
      {...field('language')}
      label={t('language')}
      hint={t('languageHint')}
      value={draft.language}
      options={[
        { value: '', label: t('languageDefault') },
        { value: 'auto', label: t('languageAuto') },
        ...[...offered].map((code) => ({ value: code, label: languageName(code) })),
      ]}
      onChange={(event) => set({ language: event.target.value })}
    />
  );
}
