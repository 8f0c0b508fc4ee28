/** What may be changed during a call: who answers and how, the devices, and how one talks. */

import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/Button';
import { SelectField } from '../../ui/Field';
import { Switch } from '../../ui/Switch';
import type { DeviceList } from '../../voice/useDevices';
import PersonaPicker, { type PersonaPickerProps } from './PersonaPicker';

export type Toggle = { on: boolean; toggle: () => void };

export type CallOptions = {
  devices: { input: DeviceList; output: DeviceList };
  who: PersonaPickerProps & { failed: 'persona' | 'voice' | null };
  /** Null in a call without a microphone. */
  pushToTalk: Toggle | null;
};

export function OptionsPanel({
  options: { devices, who, pushToTalk },
  captions,
  onClose,
}: {
  options: CallOptions;
  captions: Toggle;
  onClose: () => void;
}) {
  const { t } = useTranslation('talk');
  const { input, output } = devices;
  return (
    <fieldset className="flex max-h-[min(70dvh,36rem)] w-full max-w-sm flex-col gap-4 overflow-y-auto *:shrink-0 rounded-3xl border border-line bg-surface p-5 text-left shadow-lg">
      <legend className="sr-only">{t('options.title')}</legend>
      <PersonaPicker {...who} />
      <p role="alert" className="text-danger text-sm empty:absolute">
        {who.failed && t(`options.failed.${who.failed}`)}
      </p>
      {pushToTalk && (
        <Switch
          label={t('options.pushToTalk')}
          hint={t('options.pushToTalkHint')}
          checked={pushToTalk.on}
          onChange={pushToTalk.toggle}
        />
      )}
      <div className="sm:hidden">
        <Switch label={t('call.captions')} checked={captions.on} onChange={captions.toggle} />
      </div>
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
  return (
    <SelectField
      label={label}
      value={list.activeId}
      onChange={(event) => list.choose(event.target.value)}
      options={list.devices.map((device, index) => ({
        value: device.id,
        label: device.label || t('devices.unnamed', { number: index + 1 }),
      }))}
    />
  );
}
