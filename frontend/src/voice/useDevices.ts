/** The sound devices of one call: what there is, what is in use, and the remembered choice. */

import { useMediaDeviceSelect } from '@livekit/components-react';
import type { Room } from 'livekit-client';
import { useCallback, useEffect, useState } from 'react';
import { type DeviceKind, readDeviceChoice, rememberDevice } from './deviceChoice';

export type Device = { id: string; label: string };
export type DeviceList = {
  devices: Device[];
  activeId: string;
  choose: (id: string) => void;
  failed: boolean;
};

const MEDIA_KIND = { input: 'audioinput', output: 'audiooutput' } as const;
const DEFAULT_ID = 'default';

export function useDevices(room: Room, kind: DeviceKind): DeviceList {
  const select = useMediaDeviceSelect({ kind: MEDIA_KIND[kind], room });
  const { setActiveMediaDevice } = select;
  const [failed, setFailed] = useState(false);
  // Without permission the browser lists devices without ids: nothing there can be chosen.
  const devices = select.devices
    .filter((device) => device.deviceId !== '')
    .map((device) => ({ id: device.deviceId, label: device.label }));
  const listed = devices.some((device) => device.id === select.activeDeviceId);
  const activeId = listed ? select.activeDeviceId : (devices[0]?.id ?? DEFAULT_ID);

  const apply = useCallback(
    async (id: string) => {
      try {
        // Exactly this one: as a mere wish, browsers keep the device they have.
        await setActiveMediaDevice(id, { exact: id !== DEFAULT_ID });
        setFailed(false);
      } catch {
        setFailed(true);
      }
    },
    [setActiveMediaDevice],
  );

  const choose = useCallback(
    (id: string) => {
      rememberDevice(kind, id);
      void apply(id);
    },
    [kind, apply],
  );

  // The remembered loudspeaker is taken up when it is there and left when it is unplugged.
  // Microphones need neither: the capture asks for the remembered one and falls back by itself.
  const remembered = kind === 'output' ? readDeviceChoice().output : null;
  const rememberedIsThere = devices.some((device) => device.id === remembered);
  const anyDevice = devices.length > 0;
  useEffect(() => {
    if (remembered === null || !anyDevice) return;
    void apply(rememberedIsThere ? remembered : DEFAULT_ID);
  }, [remembered, rememberedIsThere, anyDevice, apply]);

  return { devices, activeId, choose, failed };
}
