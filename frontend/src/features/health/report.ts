/** What was found, as a file to give to whoever runs the server. No tokens, no account. */

import type { StepResult } from './checks';
import type { Status } from './health';

const FILE_NAME = 'parley-connection.json';

export function reportOf(results: readonly StepResult[], status: Status | null, at = new Date()) {
  return {
    made_at: at.toISOString(),
    page: location.origin,
    secure: window.isSecureContext,
    browser: navigator.userAgent,
    version: status?.version ?? null,
    services: status?.services.map(({ name, state, code, latency_ms }) => ({
      name,
      state,
      code,
      latency_ms,
    })),
    steps: results,
  };
}

export function downloadReport(results: readonly StepResult[], status: Status | null): void {
  const text = JSON.stringify(reportOf(results, status), null, 2);
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = FILE_NAME;
  link.click();
  // Some browsers read it only after the click is over.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
