/** A text to take elsewhere: selected when it gets the focus, copied by the button. */

import { Check, Copy } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/Button';
import { TextField } from '../../ui/Field';

export function CopyField({ label, value }: { label: string; value: string }) {
  const { t } = useTranslation('settings');
  const [state, setState] = useState<'idle' | 'copied' | 'failed'>('idle');

  async function copy() {
    try {
      // Not there on a page without https; the text can still be selected.
      await navigator.clipboard.writeText(value);
      setState('copied');
    } catch {
      setState('failed');
    }
  }

  const Icon = state === 'copied' ? Check : Copy;
  return (
    <div className="flex flex-col gap-2">
      <TextField
        label={label}
        value={value}
        readOnly
        onFocus={({ target }) => target.select()}
        className="font-mono"
      />
      <div className="flex flex-wrap items-center gap-3">
        <Button onClick={() => void copy()}>
          <Icon aria-hidden size={18} />
          {t('copy.action')}
        </Button>
        <p role="status" className="text-soft text-sm">
          {state !== 'idle' && t(`copy.${state}`)}
        </p>
      </div>
    </div>
  );
}
