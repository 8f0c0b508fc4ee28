/** Times, durations and numbers in the language of the page. */

import { currentLanguage } from '../i18n';

type Instant = string | number | Date;

const STEPS = [
  ['second', 60],
  ['minute', 60],
  ['hour', 24],
  ['day', 7],
] as const;

/** `20 Nov 2026, 14:32` */
export function formatDateTime(instant: Instant): string {
  return format({ dateStyle: 'medium', timeStyle: 'short' }, instant);
}

/** `20 Nov 2026` */
export function formatDate(instant: Instant): string {
  return format({ dateStyle: 'medium' }, instant);
}

/** `3 minutes ago`, `yesterday`; after a week the date. */
export function formatRelative(instant: Instant, now: Instant = Date.now()): string {
  let value = (new Date(instant).getTime() - new Date(now).getTime()) / 1000;
  const words = new Intl.RelativeTimeFormat(currentLanguage(), { numeric: 'auto' });
  for (const [unit, size] of STEPS) {
    const rounded = Math.round(value);
    if (Math.abs(rounded) < size) return words.format(rounded, unit);
    value /= size;
  }
  return formatDate(instant);
}

/** `1:05` or `1:02:05`: the length of a call, a place in a recording. */
export function formatClock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const two = (part: number) => String(part).padStart(2, '0');
  const rest = two(whole % 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}

/** `0.9 s`, `840 ms`: one decimal is all that a person can feel. */
export function formatLatency(seconds: number): string {
  return seconds < 1
    ? formatUnit(Math.round(seconds * 1000), 'millisecond', 0)
    : formatUnit(seconds, 'second', 1);
}

export function formatNumber(value: number): string {
  return new Intl.NumberFormat(currentLanguage()).format(value);
}

/** `3.4 MB` */
export function formatBytes(bytes: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return formatUnit(bytes / 1000 ** power, units[power] ?? 'byte', power === 0 ? 0 : 1);
}

function formatUnit(value: number, unit: string, decimals: number): string {
  return new Intl.NumberFormat(currentLanguage(), {
    style: 'unit',
    unit,
    unitDisplay: 'short',
    maximumFractionDigits: decimals,
  }).format(value);
}

function format(options: Intl.DateTimeFormatOptions, instant: Instant): string {
  return new Intl.DateTimeFormat(currentLanguage(), options).format(new Date(instant));
}

/** A language by its name; a code no browser knows (espeak has some) stays as it is. */
export function languageName(code: string): string {
  try {
    return new Intl.DisplayNames([currentLanguage()], { type: 'language' }).of(code) ?? code;
  } catch (error) {
    if (error instanceof RangeError) return code;
    throw error;
  }
}
