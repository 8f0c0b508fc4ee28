/** Microphone, loudspeaker and how one talks; the devices can be tried before a call. */

import { useCallback, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { setPreferences, usePreferences } from '../../app/preferences';
import { Card } from '../../ui/Card';
import { SelectField } from '../../ui/Field';
import { Switch } from '../../ui/Switch';
import { readDeviceChoice } from '../../voice/deviceChoice';
import { createRoom } from '../../voice/room';
import { type DeviceList, useDevices } from '../../voice/useDevices';
import { MicrophoneTest } from './MicrophoneTest';
import { SpeakerTest } from './SpeakerTest';

const SHORTCUTS = ['stop', 'talk', 'send', 'newline'] as const;

export default function SoundSection() {
  const { t } = useTranslation('settings');
  const { pushToTalk } = usePreferences();
  // Browsers name the devices only once the microphone was allowed: then they are asked anew.
  const [seen, setSeen] = useState(0);
  const look = useCallback(() => setSeen((times) => times + 1), []);
  return (
    <>
      <Devices key={seen} onAllowed={look} />
      <Card title={t('sound.talking')}>
        <Switch
          label={t('sound.pushToTalk')}
          hint={t('sound.pushToTalkHint')}
          checked={pushToTalk}
          onChange={(on) => setPreferences({ pushToTalk: on })}
        />
      </Card>
      <Card title={t('shortcuts.title')} intro={t('shortcuts.intro')}>
        <dl className="grid grid-cols-[auto_1fr] items-baseline gap-x-4 gap-y-3">
          {SHORTCUTS.map((name) => (
            <div key={name} className="contents">
              <dt>
                <kbd className="rounded-lg border border-line-strong bg-raised px-2 py-1 font-mono text-sm">
                  {t(`shortcuts.${name}.keys`)}
                </kbd>
              </dt>
              <dd>{t(`shortcuts.${name}.does`)}</dd>
            </div>
          ))}
        </dl>
      </Card>
    </>
  );
}

/** The room is never connected: it only knows how calls choose their devices. */
function Devices({ onAllowed }: { onAllowed: () => void }) {
  const { t } = useTranslation('settings');
  const [room] = useState(() => createRoom(readDeviceChoice()));
  const input = useDevices(room, 'input');
  const output = useDevices(room, 'output');
  const named = input.devices.some((device) => device.label !== '');
  return (
    <>
      <Card title={t('sound.microphone')}>
        {input.devices.length > 0 && <DeviceField label={t('sound.microphoneUsed')} list={input} />}
        <MicrophoneTest
          key={input.activeId}
          deviceId={input.activeId}
          onAllowed={named ? undefined : onAllowed}
        />
      </Card>
      <Card title={t('sound.speaker')}>
        {output.devices.length > 0 ? (
          <DeviceField label={t('sound.speakerUsed')} list={output} />
        ) : (
          <p className="text-soft text-sm">{t('sound.speakerOfBrowser')}</p>
        )}
        <SpeakerTest deviceId={output.activeId} />
      </Card>
    </>
  );
}

function DeviceField({ label, list }: { label: string; list: DeviceList }) {
  const { t } = useTranslation('settings');
  return (
    <SelectField
      label={label}
      value={list.activeId}
      error={list.failed ? t('sound.deviceFailed') : null}
      onChange={({ target }) => list.choose(target.value)}
      options={list.devices.map((device, place) => ({
        value: device.id,
        label: device.label || t('sound.unnamed', { number: place + 1 }),
      }))}
    />
  );
}
