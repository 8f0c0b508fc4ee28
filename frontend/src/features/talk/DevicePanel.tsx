/** The choice of microphone and loudspeaker. */

import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/Button';
import type { DeviceList } from '../../voice/useDevices';

type Props = { input: DeviceList; output: DeviceList; onClose: () => void };

export function DevicePanel({ input, output, onClose }: Props) {
  const { t } = useTranslation('talk');
  return (
    <fieldset className="flex w-full max-w-sm flex-col gap-4 rounded-3xl border border-line bg-surface p-5 text-left shadow-lg">
      <legend className="sr-only">{t('devices.title')}</legend>
      {input.devices.length > 0 && <DeviceSelect label={t('devices.input')} list={input} />}
      {output.devices.length > 0 ? (
        <DeviceSelect label={t('devices.output')} list={output} />
      ) : (
        <p className="text-soft text-sm">{t('devices.noOutput')}</p>
      )}
      <p role="alert" className="text-danger text-sm empty:absolute">
        {(input.failed || output.failed) && t('devices.failed')}
      </p>
      <Button className="self-end" onClick={onClose}>
        {t('devices.close')}
      </Button>
    </fieldset>
  );
}

function DeviceSelect({ label, list }: { label: string; list: DeviceList }) {
  const { t } = useTranslation('talk');
  const id = useId();
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <label htmlFor={id} className="font-medium text-sm">
        {label}
      </label>
      <select
        id={id}
        value={list.activeId}
        onChange={(event) => list.choose(event.target.value)}
        className="min-h-11 w-full min-w-0 rounded-xl border border-line-strong bg-canvas px-3"
      >
        {list.devices.map((device, index) => (
          <option key={device.id} value={device.id}>
            {device.label || t('devices.unnamed', { number: index + 1 })}
          </option>
        ))}
      </select>
    </div>
  );
}
