/** What a person prefers on this device, kept in this browser and the same in all its tabs. */

import { useSyncExternalStore } from 'react';

export const CAPTION_SIZES = ['small', 'medium', 'large', 'largest'] as const;
export type CaptionSize = (typeof CAPTION_SIZES)[number];
export const CAPTION_CONTRASTS = ['normal', 'high'] as const;
export type CaptionContrast = (typeof CAPTION_CONTRASTS)[number];
/** `system` follows prefers-reduced-motion; `reduced` holds everything still whatever it says. */
export const MOTIONS = ['system', 'reduced'] as const;
export type Motion = (typeof MOTIONS)[number];

export type Preferences = {
  captions: boolean;
  captionSize: CaptionSize;
  captionContrast: CaptionContrast;
  /** Only a held key or button lets the agent hear. */
  pushToTalk: boolean;
  motion: Motion;
  /** The transcript follows the newest words. */
  autoscroll: boolean;
  /** Who answers the next call; null leaves it to the server. */
  personaId: string | null;
  /** The voice of the next call; null is the persona's own. */
  voice: string | null;
};

export const DEFAULT_PREFERENCES: Preferences = {
  captions: true,
  captionSize: 'medium',
  captionContrast: 'normal',
  pushToTalk: false,
  motion: 'system',
  autoscroll: true,
  personaId: null,
  voice: null,
};

const STORAGE_KEY = 'parley.preferences';
const MAX_ID_CHARS = 128;

const CHECKS: { [K in keyof Preferences]: (value: unknown) => value is Preferences[K] } = {
  captions: isBoolean,
  captionSize: oneOf(CAPTION_SIZES),
  captionContrast: oneOf(CAPTION_CONTRASTS),
  pushToTalk: isBoolean,
  motion: oneOf(MOTIONS),
  autoscroll: isBoolean,
  personaId: isIdOrNull,
  voice: isIdOrNull,
};

const listeners = new Set<() => void>();
let current: Preferences | null = null;

export function readPreferences(): Preferences {
  current ??= parsePreferences(stored());
  return current;
}

/** Shown at once, here and in other tabs, and remembered if the browser lets us. */
export function setPreferences(changes: Partial<Preferences>): void {
  current = { ...readPreferences(), ...changes };
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(current));
  } catch {
    // Storage may be blocked; the choice then lasts until the page is left.
  }
  changed();
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(subscribe, readPreferences);
}

/** Call once when the page opens: what is set for the whole page is set before it is drawn. */
export function applyPreferences(): void {
  document.documentElement.dataset.motion = readPreferences().motion;
}

/** Each preference by itself: one that is not understood takes nothing else with it. */
export function parsePreferences(text: string | null): Preferences {
  const kept: Record<string, unknown> = { ...DEFAULT_PREFERENCES };
  const found = parseJson(text);
  if (typeof found !== 'object' || found === null) return DEFAULT_PREFERENCES;
  for (const [name, check] of Object.entries(CHECKS)) {
    const value: unknown = Reflect.get(found, name);
    if (check(value)) kept[name] = value;
  }
  return kept as Preferences;
}

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) window.addEventListener('storage', onStorage);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) window.removeEventListener('storage', onStorage);
  };
}

/** A null key is a storage that was cleared. */
function onStorage(event: StorageEvent): void {
  if (event.key !== null && event.key !== STORAGE_KEY) return;
  current = parsePreferences(stored());
  changed();
}

function changed(): void {
  applyPreferences();
  for (const listener of listeners) listener();
}

function stored(): string | null {
  try {
    return localStorage.getItem(STORAGE_KEY);
  } catch {
    return null;
  }
}

function parseJson(text: string | null): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return null;
  }
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

function isIdOrNull(value: unknown): value is string | null {
  if (value === null) return true;
  return typeof value === 'string' && value !== '' && value.length <= MAX_ID_CHARS;
}

function oneOf<T extends string>(known: readonly T[]): (value: unknown) => value is T {
  return (value): value is T => known.some((one) => one === value);
}
