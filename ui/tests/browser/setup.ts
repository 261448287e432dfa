// Before all tests: a year of flights in a folder of its own, and a server on it; QUIVER_URL names a running one instead.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runQuiver, Server } from './server';

export default async function setUp(): Promise<(() => Promise<void>) | undefined> {
  if (process.env.QUIVER_URL !== undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'quiver-browser-'));
  const demo = join(folder, 'demo');
  await runQuiver('demo', '--quiet', '--data-folder', demo);
  // By the wall clock the year 2013 is past its retention.
  const server = await Server.start({ folder, dataFolder: join(demo, 'data'), flags: ['--replay-clock'] });
  process.env.QUIVER_URL = server.url;
  return async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}
