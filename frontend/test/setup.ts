import '@testing-library/jest-dom/vitest';
import { cleanup, configure } from '@testing-library/react';
import { afterEach } from 'vitest';
import { i18n } from '../src/i18n';
import { en } from '../src/i18n/en';

// A hang guard: the first screen of a test brings the voice library along.
configure({ asyncUtilTimeout: 5_000 });
afterEach(cleanup);

// Screens are shown here without the way to them, which brings their words along.
for (const [screen, words] of Object.entries(en)) i18n.addResourceBundle('en', screen, words);

// jsdom lays nothing out, so it has no ResizeObserver; Radix measures with it what is drawn.
globalThis.ResizeObserver ??= class {
  observe() {}
  unobserve() {}
  disconnect() {}
};
