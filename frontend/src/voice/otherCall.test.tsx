// @vitest-environment jsdom
import { act, renderHook, waitFor } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { useOtherCall } from './useOtherCall';

const tab = (live: boolean) =>
  renderHook((props) => useOtherCall(props.live), { initialProps: { live } });

describe('a call in another tab', () => {
  it('is known while it lasts, and to tabs opened later too', async () => {
    const first = tab(false);
    const second = tab(false);
    expect(second.result.current).toBe(false);
    first.rerender({ live: true });
    await waitFor(() => expect(second.result.current).toBe(true));
    expect(first.result.current).toBe(false);
    const third = tab(false);
    await waitFor(() => expect(third.result.current).toBe(true));
    first.rerender({ live: false });
    await waitFor(() => expect(second.result.current).toBe(false));
    await waitFor(() => expect(third.result.current).toBe(false));
  });

  it('is over when its tab goes away', async () => {
    const first = tab(true);
    const second = tab(false);
    await waitFor(() => expect(second.result.current).toBe(true));
    first.unmount();
    await waitFor(() => expect(second.result.current).toBe(false));
  });

  it('is over when its tab is closed, which no component hears of', async () => {
    tab(true);
    const second = tab(false);
    await waitFor(() => expect(second.result.current).toBe(true));
    act(() => void window.dispatchEvent(new Event('pagehide')));
    await waitFor(() => expect(second.result.current).toBe(false));
  });
});
