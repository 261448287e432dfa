// Finds the browser that the machine has, and how to start it.
import { accessSync, constants } from 'node:fs';

// The headless shell, where it is installed, starts in a fraction of the time and draws the same.
const CANDIDATES = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** QUIVER_CHROMIUM, or the first that is installed; `scripts/setup-browser-tests.sh` installs one. */
export function findChromium(): string {
  const candidates = process.env.QUIVER_CHROMIUM === undefined ? CANDIDATES : [process.env.QUIVER_CHROMIUM];
  const found = candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  if (found === undefined) throw new Error(`no browser at ${candidates.join(', ')}: run scripts/setup-browser-tests.sh, or set QUIVER_CHROMIUM`);
  return found;
}

/** What a browser does by itself would look like requests of the pages, and a container allows no sandbox. */
export const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
