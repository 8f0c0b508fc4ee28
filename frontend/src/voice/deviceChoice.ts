/** The devices a person chose last time, kept in this browser only. */

export type DeviceKind = 'input' | 'output';
export type DeviceChoice = { input: string | null; output: string | null };

const STORAGE_KEYS: Record<DeviceKind, string> = {
  input: 'parley.microphone',
  output: 'parley.speaker',
};

export function readDeviceChoice(): DeviceChoice {
  return { input: read(STORAGE_KEYS.input), output: read(STORAGE_KEYS.output) };
}

export function rememberDevice(kind: DeviceKind, deviceId: string): void {
  try {
    localStorage.setItem(STORAGE_KEYS[kind], deviceId);
  } catch {
    // Storage may be blocked; the choice then lasts for this call.
  }
}

function read(key: string): string | null {
  try {
    return localStorage.getItem(key) || null;
  } catch {
    return null;
  }
}
