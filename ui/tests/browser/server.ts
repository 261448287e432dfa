// Runs the Quiver binary for the tests: servers on folders of their own, keys, events.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

const READY_WITHIN_MILLISECONDS = 120_000;

function binary(): string {
  const path = process.env.QUIVER_BINARY;
  if (path === undefined) throw new Error('QUIVER_BINARY names no quiver binary with the pages inside');
  return path;
}

/** A variable QUIVER_… is a key of the server's config; those of the tests are none. */
const environmentOf = (keys: Record<string, string>): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('QUIVER_'))),
  ...keys,
});

/** Runs a command to its end and gives what it printed. */
export async function runQuiver(...parts: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(binary(), parts, { env: environmentOf({}), maxBuffer: 64 * 1024 * 1024 });
  return stdout.trim();
}

export interface ServerOptions {
  /** A folder of the test's own. */
  folder: string;
  /** Where the data is; in the folder when not given. */
  dataFolder?: string;
  /** The spec of a model, as YAML. */
  spec?: string;
  flags?: readonly string[];
  /** Keys of the config: `{ QUIVER_AUTH__KEYS: 'required' }`. */
  config?: Record<string, string>;
  listen?: string;
}

export class Server {
  private constructor(
    readonly url: string,
    readonly dataFolder: string,
    private readonly process: ChildProcess,
  ) {}

  static async start({ folder, dataFolder = join(folder, 'data'), spec, flags = [], config = {}, listen = '127.0.0.1:0' }: ServerOptions): Promise<Server> {
    mkdirSync(folder, { recursive: true });
    const ready = join(folder, 'ready');
    rmSync(ready, { force: true });
    const parts = ['serve', '--data-folder', dataFolder, '--listen', listen, '--ready-file', ready, ...flags];
    if (spec !== undefined) {
      const file = join(folder, 'model.yaml');
      writeFileSync(file, spec);
      parts.push('--spec', file);
    }
    const started = spawn(binary(), parts, { env: environmentOf({ QUIVER_DISK__READ_ONLY_BELOW: '1MiB', ...config }), stdio: ['ignore', 'ignore', 'pipe'] });
    let log = '';
    started.stderr?.on('data', (text: Buffer) => {
      log = `${log}${text.toString()}`.slice(-8_000);
    });
    const until = Date.now() + READY_WITHIN_MILLISECONDS;
    while (!existsSync(ready) || readFileSync(ready, 'utf8') === '') {
      if (started.exitCode !== null || Date.now() > until) {
        started.kill('SIGKILL');
        throw new Error(`the server did not start:\n${log}`);
      }
      await pause(20);
    }
    const [url = ''] = readFileSync(ready, 'utf8').split('\n');
    return new Server(url, dataFolder, started);
  }

  async stop(): Promise<void> {
    if (this.process.exitCode !== null) return;
    const ended = once(this.process, 'exit');
    this.process.kill('SIGTERM');
    await ended;
  }

  /** Sends events and turns them into findings. */
  async take(events: readonly object[]): Promise<void> {
    const lines = events.map((event) => JSON.stringify(event)).join('\n');
    await post(`${this.url}/v1/events`, 'application/x-ndjson', lines);
    await post(`${this.url}/v1/flow/run`, 'application/json', '');
  }

  /** What a route answers. */
  async ask<Answer>(path: string): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Answer;
  }
}

async function post(url: string, type: string, body: string): Promise<void> {
  const response = await fetch(url, { method: 'POST', headers: { 'Content-Type': type }, body });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
}
