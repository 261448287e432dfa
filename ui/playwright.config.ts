// How the browser tests run: one Chromium that is already there, one server with the demo's data, nothing written here.
import { defineConfig } from '@playwright/test';
import { CHROMIUM_FLAGS, findChromium } from './tests/browser/chromium';
import { RESULTS_FOLDER } from './tests/browser/folders';

/** On a machine that is busy with other work everything takes its time: how many times as long to wait. */
const patience = Number(process.env.QUIVER_TEST_PATIENCE ?? 1);

export default defineConfig({
  testDir: 'tests/browser',
  globalSetup: './tests/browser/setup.ts',
  outputDir: RESULTS_FOLDER,
  reporter: 'list',
  workers: 2,
  forbidOnly: process.env.CI !== undefined,
  // A test that passes only the second time is told as flaky.
  retries: process.env.CI === undefined ? 0 : 1,
  timeout: 90_000 * patience,
  expect: { timeout: 20_000 * patience },
  use: {
    viewport: { width: 1280, height: 800 },
    colorScheme: 'light',
    locale: 'en-GB',
    // Times in the reader's own zone differ from the model's.
    timezoneId: 'Europe/Berlin',
    contextOptions: { reducedMotion: 'reduce' },
    screenshot: 'only-on-failure',
    trace: 'off',
    launchOptions: { executablePath: findChromium(), args: CHROMIUM_FLAGS },
  },
});
