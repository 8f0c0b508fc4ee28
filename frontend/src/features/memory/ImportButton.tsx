/** Takes memories from a file and says what became of each. */

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Upload } from 'lucide-react';
import { useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/Button';
import { ErrorCard } from '../../ui/ErrorCard';
import { formatBytes } from '../../ui/format';
import { changed, type Imported, importFile, MAX_FILE_BYTES } from './memories';

class TooLarge extends Error {}

export function useImport() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (file: File) => {
      if (file.size > MAX_FILE_BYTES) throw new TooLarge();
      return importFile(file);
    },
    onSuccess: () => changed(client),
  });
}

type ImportState = ReturnType<typeof useImport>;

export function ImportButton({ state }: { state: ImportState }) {
  const { t } = useTranslation('memory');
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <Button busy={state.isPending} onClick={() => input.current?.click()} title={t('importHint')}>
        {!state.isPending && <Upload aria-hidden size={18} />}
        {t(state.isPending ? 'importing' : 'import')}
      </Button>
      <input
        ref={input}
        type="file"
        accept="application/json,.json"
        hidden
        data-testid="import"
        onChange={({ target }) => {
          const file = target.files?.[0];
          if (file) state.mutate(file);
          // The same file may be chosen again once it is put right.
          target.value = '';
        }}
      />
    </>
  );
}

export function ImportResult({ state }: { state: ImportState }) {
  const { t } = useTranslation('memory');
  const { error, data } = state;
  return (
    <div role="status" className="flex flex-col gap-3 empty:hidden">
      {data && <Result done={data} />}
      {error && <Failure error={error} words={wordsFor(error)} title={t('importFailed')} />}
    </div>
  );

  function wordsFor(failure: Error): string | null {
    if (failure instanceof SyntaxError) return t('notJson');
    if (failure instanceof TooLarge) return t('tooLarge', { size: formatBytes(MAX_FILE_BYTES) });
    return null;
  }
}

function Failure({ error, words, title }: { error: Error; words: string | null; title: string }) {
  if (words === null) return <ErrorCard error={error} title={title} />;
  return (
    <div className="rounded-2xl bg-danger-soft p-4 text-sm">
      <p className="font-semibold">{title}</p>
      <p>{words}</p>
    </div>
  );
}

function Result({ done }: { done: Imported }) {
  const { t } = useTranslation('memory');
  return (
    <div className="rounded-2xl bg-accent-soft p-4 text-sm">
      <p className="font-semibold">{t('imported', { count: done.kept })}</p>
      {done.skipped > 0 && <p>{t('skipped', { count: done.skipped })}</p>}
      {done.problems.length > 0 && (
        <>
          <p className="mt-2 font-medium">{t('problems')}</p>
          {/* The server's own words are English, but the most exact. */}
          <ul lang="en" className="list-disc pl-5">
            {done.problems.map(({ row, message }) => (
              <li key={row}>
                <code>{row}</code>: {message}
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}
