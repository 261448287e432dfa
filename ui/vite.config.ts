// Builds the pages into dist/ and, while developing, passes API calls on to a running server.
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

const server = process.env.QUIVER_URL ?? 'http://127.0.0.1:8600';
const proxy = { '/v1': server, '/docs': server };

export default defineConfig({
  plugins: [react()],
  server: { proxy },
  preview: { proxy },
  // Nothing may be inlined: the served policy allows only files of the same origin.
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false }, chunkSizeWarningLimit: 800 },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['src/test-setup.ts'],
    testTimeout: 60_000,
  },
});
