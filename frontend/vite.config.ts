import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [react(), tailwindcss()],
  server: { proxy: { '/api': 'http://localhost:8080' } },
  build: {
    target: 'es2022',
    manifest: true,
    chunkSizeWarningLimit: 900,
    rolldownOptions: {
      output: {
        // By name, so that the size check can tell who loads it.
        codeSplitting: {
          includeDependenciesRecursively: false,
          groups: [
            // By name, so that the size check can tell who loads it.
            { name: 'livekit', test: /node_modules\/livekit-client\// },
            // What every page needs, in one piece: 20 small ones pack 8 kB worse.
            {
              name: 'frame',
              tags: ['$initial'],
              test: (id) => !/index\.html$|src\/main\.tsx$/.test(id),
            },
          ],
        },
      },
    },
  },
  test: {
    // Tests of components ask for a page themselves: the others start in a tenth of the time.
    environment: 'node',
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['test/setup.ts'],
    restoreMocks: true,
    maxWorkers: 1,
  },
});
