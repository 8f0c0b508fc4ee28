/** A new key, shown this once: it is nowhere else, not even on the server. */

import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { CopyField } from './CopyField';
import type { MadeApiKey } from './keys';

export function KeyShown({ made, onClose }: { made: MadeApiKey | null; onClose: () => void }) {
  const { t } = useTranslation('settings');
  return (
    <Dialog
      open={made !== null}
      onClose={onClose}
      once
      title={t('keys.shownTitle', { name: made?.name ?? '' })}
      description={t('keys.shownBody')}
      actions={
        <Button look="primary" onClick={onClose}>
          {t('keys.shownDone')}
        </Button>
      }
    >
      {made && <CopyField label={t('keys.key')} value={made.key} />}
      <p className="text-soft text-sm">
        {t('keys.address')} <code className="text-ink">{`${location.origin}/v1`}</code>
      </p>
    </Dialog>
  );
}
