/** Steps through system, light and dark. */

import { Monitor, Moon, Sun } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { type Theme, useTheme } from './theme';

const ICONS = { system: Monitor, light: Sun, dark: Moon } satisfies Record<Theme, unknown>;

export function ThemeToggle() {
  const { theme, cycle } = useTheme();
  const { t } = useTranslation();
  const Icon = ICONS[theme];
  return (
    <button
      type="button"
      onClick={cycle}
      aria-label={`${t('theme.label')}: ${t(`theme.${theme}`)}`}
      title={t(`theme.${theme}`)}
      className="inline-flex size-11 items-center justify-center rounded-full text-soft transition-colors hover:bg-raised hover:text-ink"
    >
      <Icon aria-hidden size={20} />
    </button>
  );
}
