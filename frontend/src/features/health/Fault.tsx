/** What is wrong, what to do about it, and the server's own words. */

import { useTranslation } from 'react-i18next';

type Props = { code: string; fix: string | null; lastError: string | null };

export function Fault({ code, fix, lastError }: Props) {
  const { t } = useTranslation('health');
  const reasons: Record<string, string> = t('reasons', { returnObjects: true });
  const fixes: Record<string, string> = t('fixes', { returnObjects: true });
  const reason = reasons[code];
  return (
    <div className="mt-1 flex flex-col gap-1 rounded-2xl border border-line bg-danger-soft p-3 text-sm">
      {reason && <p className="font-medium">{reason}</p>}
      {/* A fault newer than this page is told in the server's own English. */}
      {fix && (fixes[code] ? <p>{fixes[code]}</p> : <p lang="en">{fix}</p>)}
      {lastError && (
        <p lang="en" className="font-mono text-soft text-xs">
          {lastError}
        </p>
      )}
    </div>
  );
}
