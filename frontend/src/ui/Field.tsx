/** Labelled form fields whose hints and errors screen readers find. */

import { Eye, EyeOff } from 'lucide-react';
import { type ComponentProps, type ReactNode, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';

const BOX =
  'w-full min-h-11 rounded-xl border border-field bg-surface px-3.5 py-2 text-ink placeholder:text-soft aria-invalid:border-danger disabled:opacity-60';

type Words = {
  label: ReactNode;
  hint?: ReactNode;
  /** What is wrong and how to put it right. */
  error?: string | null;
};
type Wiring = { id: string; 'aria-describedby'?: string; 'aria-invalid'?: true };
type FieldProps = Words & { id?: string; children: (wiring: Wiring) => ReactNode };

/** For controls of your own: spread `wiring` on the input. The others below are built on it. */
export function Field({ id, label, hint, error, children }: FieldProps) {
  const ownId = useId();
  const inputId = id ?? ownId;
  const described = [hint ? `${inputId}-hint` : '', error ? `${inputId}-error` : ''].filter(
    Boolean,
  );
  return (
    <div className="flex flex-col gap-1.5">
      <label htmlFor={inputId} className="font-medium text-sm">
        {label}
      </label>
      {hint && (
        <p id={`${inputId}-hint`} className="text-soft text-sm">
          {hint}
        </p>
      )}
      {children({
        id: inputId,
        'aria-describedby': described.join(' ') || undefined,
        'aria-invalid': error ? true : undefined,
      })}
      {error && (
        <p id={`${inputId}-error`} className="text-danger text-sm">
          {error}
        </p>
      )}
    </div>
  );
}

export function TextField({
  label,
  hint,
  error,
  id,
  type = 'text',
  ...input
}: Words & ComponentProps<'input'>) {
  return (
    <Field label={label} hint={hint} error={error} id={id}>
      {(wiring) =>
        type === 'password' ? (
          <PasswordBox {...input} {...wiring} />
        ) : (
          <input type={type} {...input} {...wiring} className={BOX} />
        )
      }
    </Field>
  );
}

export function TextAreaField({
  label,
  hint,
  error,
  id,
  ...input
}: Words & ComponentProps<'textarea'>) {
  return (
    <Field label={label} hint={hint} error={error} id={id}>
      {(wiring) => (
        <textarea
          rows={4}
          {...input}
          {...wiring}
          className={`${BOX} field-sizing-content max-h-96`}
        />
      )}
    </Field>
  );
}

export type Option = { value: string; label: string };

export function SelectField({
  label,
  hint,
  error,
  id,
  options,
  ...input
}: Words & ComponentProps<'select'> & { options: readonly Option[] }) {
  return (
    <Field label={label} hint={hint} error={error} id={id}>
      {(wiring) => (
        <select {...input} {...wiring} className={BOX}>
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

function PasswordBox(input: ComponentProps<'input'>) {
  const { t } = useTranslation();
  const [shown, setShown] = useState(false);
  const Icon = shown ? EyeOff : Eye;
  return (
    <span className="relative">
      <input {...input} type={shown ? 'text' : 'password'} className={`${BOX} pr-12`} />
      <button
        type="button"
        aria-label={t('ui.showPassword')}
        aria-pressed={shown}
        onClick={() => setShown(!shown)}
        className="absolute inset-y-0 right-0 inline-flex w-11 items-center justify-center rounded-xl text-soft hover:text-ink"
      >
        <Icon aria-hidden size={18} />
      </button>
    </span>
  );
}
