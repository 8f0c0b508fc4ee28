// @vitest-environment jsdom
import { act, renderHook } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  applyPreferences,
  DEFAULT_PREFERENCES,
  parsePreferences,
  setPreferences,
  usePreferences,
} from './preferences';

const KEY = 'parley.preferences';
beforeEach(() => setPreferences(DEFAULT_PREFERENCES));
afterEach(() => localStorage.clear());

describe('preferences', () => {
  it('are the defaults where nothing sensible was kept', () => {
    for (const text of [null, '', '{', 'null', '7', '[]', '{"captions":"yes"}']) {
      expect(parsePreferences(text)).toEqual(DEFAULT_PREFERENCES);
    }
  });

  it('keep the ones that are understood when others are not', () => {
    const text = JSON.stringify({ captions: false, captionSize: 'huge', voice: 'nova', motion: 3 });
    expect(parsePreferences(text)).toEqual({
      ...DEFAULT_PREFERENCES,
      captions: false,
      voice: 'nova',
    });
  });

  it('are shown at once and remembered', () => {
    const { result } = renderHook(() => usePreferences());
    act(() => setPreferences({ captionSize: 'largest' }));
    expect(result.current.captionSize).toBe('largest');
    expect(parsePreferences(localStorage.getItem(KEY)).captionSize).toBe('largest');
  });

  it('follow a change made in another tab', () => {
    const { result } = renderHook(() => usePreferences());
    localStorage.setItem(KEY, JSON.stringify({ pushToTalk: true }));
    act(() => void window.dispatchEvent(new StorageEvent('storage', { key: KEY })));
    expect(result.current.pushToTalk).toBe(true);
  });

  it('last until the page is left where storage is blocked', () => {
    vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
      throw new DOMException('blocked', 'SecurityError');
    });
    const { result } = renderHook(() => usePreferences());
    act(() => setPreferences({ autoscroll: false }));
    expect(result.current.autoscroll).toBe(false);
  });

  it('hold the whole page still when asked to', () => {
    setPreferences({ motion: 'reduced' });
    applyPreferences();
    expect(document.documentElement.dataset.motion).toBe('reduced');
  });
});
