import '@testing-library/jest-dom/vitest';
import { cleanup, configure } from '@testing-library/react';
import { afterEach } from 'vitest';
import '../src/i18n';

// A hang guard: the first screen of a test brings the voice library along.
configure({ asyncUtilTimeout: 5_000 });
afterEach(cleanup);

// jsdom lays nothing out, so it has no ResizeObserver; Radix measures with it what is drawn.
globalThis.ResizeObserver ??= class {
  observe() {}
  unobserve() {}
  disconnect() {}
};
