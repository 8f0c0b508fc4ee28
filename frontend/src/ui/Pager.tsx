/** The end of a list that has more: asks for the next page and says how far we are. */

import { useTranslation } from 'react-i18next';
import { Button } from './Button';

type Props = { shown: number; hasMore: boolean; busy: boolean; onMore: () => void };

export function Pager({ shown, hasMore, busy, onMore }: Props) {
  const { t } = useTranslation();
  return (
    <div className="flex flex-col items-center gap-2">
      {/* Says the new count after each page, since the focus stays on the button. */}
      <p role="status" className="text-soft text-sm">
        {t('ui.shown', { count: shown })}
      </p>
      {hasMore && (
        <Button busy={busy} onClick={onMore}>
          {t('ui.loadMore')}
        </Button>
      )}
    </div>
  );
}
