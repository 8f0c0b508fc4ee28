/** A person's data as a file: taken along, and brought in. */

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Download, Upload } from 'lucide-react';
import { useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { isRecord } from '../../client/ApiError';
import { requestJson } from '../../client/api';
import { Button, buttonClasses } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { ErrorCard } from '../../ui/ErrorCard';

/** Years of conversations are checked and encrypted one by one. */
const IMPORT_WITHIN_MS = 120_000;
const COUNTED = ['personas', 'conversations', 'memories', 'skipped'] as const;
type Counts = Record<(typeof COUNTED)[number], number>;

export function DataCard() {
  const { t } = useTranslation('settings');
  const client = useQueryClient();
  const picker = useRef<HTMLInputElement>(null);
  const bring = useMutation({
    mutationFn: async (file: File) =>
      countsOf(
        await requestJson('/api/me/import', {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: file,
          timeoutMs: IMPORT_WITHIN_MS,
        }),
      ),
    // Every list on every screen may have grown.
    onSuccess: () => client.invalidateQueries(),
  });
  return (
    <Card title={t('data.title')} intro={t('data.intro')}>
      <div className="flex flex-wrap gap-3">
        <a href="/api/me/export" download className={buttonClasses()}>
          <Download aria-hidden size={18} />
          {t('data.export')}
        </a>
        <Button busy={bring.isPending} onClick={() => picker.current?.click()}>
          <Upload aria-hidden size={18} />
          {t('data.import')}
        </Button>
        <input
          ref={picker}
          type="file"
          accept="application/json,.json"
          aria-label={t('data.file')}
          className="hidden"
          onChange={({ target }) => {
            const file = target.files?.[0];
            if (file) bring.mutate(file);
            // The same file may be chosen again.
            target.value = '';
          }}
        />
      </div>
      <div role="status" className="empty:absolute">
        {bring.isPending && t('data.importing')}
        {bring.data && <ImportResult counts={bring.data} />}
      </div>
      {bring.error && <ErrorCard error={bring.error} title={t('data.importFailed')} />}
    </Card>
  );
}

function ImportResult({ counts }: { counts: Counts }) {
  const { t } = useTranslation('settings');
  return (
    <>
      <p className="font-medium">{t('data.imported')}</p>
      <ul className="list-disc pl-5">
        {COUNTED.map((what) => (
          <li key={what}>{t(`data.counts.${what}`, { count: counts[what] })}</li>
        ))}
      </ul>
    </>
  );
}

function countsOf(body: unknown): Counts {
  const found = isRecord(body) ? body : {};
  const count = (value: unknown) => (typeof value === 'number' ? value : 0);
  return {
    personas: count(found.personas),
    conversations: count(found.conversations),
    memories: count(found.memories),
    skipped: count(found.skipped),
  };
}
