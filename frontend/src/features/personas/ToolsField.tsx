/** Which tools a persona may use: all of them, or those that are ticked. */

import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import { Switch } from '../../ui/Switch';
import type { Options } from './data';
import { withTool } from './draft';

type Props = {
  tools: readonly string[] | null;
  known: Options['tools'];
  disabled: boolean;
  onChange: (tools: readonly string[] | null) => void;
};

export function ToolsField({ tools, known, disabled, onChange }: Props) {
  const { t } = useTranslation('personas');
  const group = useId();
  const all = known.map((tool) => tool.name);
  return (
    <fieldset className="flex flex-col gap-3" disabled={disabled}>
      <legend className="mb-2 font-medium text-sm">{t('tools')}</legend>
      <Switch
        label={t('toolsAll')}
        hint={t('toolsAllHint')}
        checked={tools === null}
        disabled={disabled}
        onChange={(on) => onChange(on ? null : all)}
      />
      {tools !== null && (
        <ul className="grid gap-2 sm:grid-cols-2">
          {known.map((tool) => (
            <li key={tool.name}>
              <label
                htmlFor={`${group}-${tool.name}`}
                className="flex min-h-11 items-start gap-3 rounded-xl border border-line p-3"
              >
                <input
                  id={`${group}-${tool.name}`}
                  type="checkbox"
                  className="mt-1 size-4 shrink-0 accent-(--color-accent)"
                  checked={tools.includes(tool.name)}
                  onChange={(event) => onChange(withTool(tools, tool.name, event.target.checked))}
                />
                <span className="min-w-0">
                  <span className="block font-medium text-sm">{tool.name}</span>
                  <span className="block text-soft text-sm" lang="en">
                    {tool.description}
                  </span>
                </span>
              </label>
            </li>
          ))}
        </ul>
      )}
    </fieldset>
  );
}
