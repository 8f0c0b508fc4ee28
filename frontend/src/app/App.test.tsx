// @vitest-environment jsdom
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { stubNetwork } from '../../test/screen';
import { App } from './App';
import { CrashScreen } from './CrashScreen';

function Broken(): never {
  throw new Error('fault');
}

beforeEach(() => {
  window.history.replaceState(null, '', '/');
  vi.stubGlobal('scrollTo', () => undefined);
  stubNetwork({});
});
afterEach(() => {
  vi.unstubAllGlobals();
  localStorage.clear();
  delete document.documentElement.dataset.theme;
});

describe('the app', () => {
  it('tells people whose browser cannot call what to do, and lets them retry', async () => {
    // This page has no WebRTC at all, as some locked-down browsers.
    render(<App />);
    await userEvent.click(await screen.findByRole('button', { name: 'Start' }));
    expect(await screen.findByRole('alert')).toHaveTextContent('This browser cannot make calls');
    expect(screen.getByRole('button', { name: 'Try again' })).toHaveFocus();
  });

  it('remembers the theme a person chose and forgets it on the way back to the system', async () => {
    render(<App />);
    const toggle = () => screen.getByRole('button', { name: /^Theme/ });
    await userEvent.click(toggle());
    expect(toggle()).toHaveAccessibleName('Theme: Light theme');
    expect(localStorage.getItem('parley.theme')).toBe('light');
    await userEvent.click(toggle());
    expect(document.documentElement).toHaveAttribute('data-theme', 'dark');
    await userEvent.click(toggle());
    expect(localStorage.getItem('parley.theme')).toBeNull();
  });

  it('never leaves an empty page behind a fault of its own', () => {
    render(
      <CrashScreen>
        <Broken />
      </CrashScreen>,
      { onCaughtError: () => undefined },
    );
    expect(screen.getByRole('alert')).toHaveTextContent('This page stopped working');
    expect(screen.getByRole('button', { name: 'Load the page again' })).toBeEnabled();
  });
});
