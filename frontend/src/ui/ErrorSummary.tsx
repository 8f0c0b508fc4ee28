/** What is wrong with a form, in one place that takes the focus, with a link to each field. */

import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';

export type FormError = {
  /** The id of the field, for a link; none for the form as a whole. */
  id?: string;
  message: string;
};

export function ErrorSummary({ title, errors }: { title?: string; errors: readonly FormError[] }) {
  const { t } = useTranslation();
  const box = useRef<HTMLDivElement>(null);
  // A new list is news, even with as many errors as before.
  useEffect(() => {
    if (errors.length > 0) box.current?.focus();
  }, [errors]);
  if (errors.length === 0) return null;
  return (
    <div
      ref={box}
      role="alert"
      tabIndex={-1}
      className="rounded-2xl border border-danger bg-danger-soft p-4 text-sm"
    >
      <h2 className="font-semibold">{title ?? t('ui.formErrors')}</h2>
      <ul className="mt-1 list-disc pl-5">
        {errors.map(({ id, message }) => (
          <li key={`${id} ${message}`}>
            {id ? (
              <a
                href={`#${id}`}
                className="underline"
                onClick={(event) => {
                  event.preventDefault();
                  document.getElementById(id)?.focus();
                }}
              >
                {message}
              </a>
            ) : (
              message
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}
