// A server on a folder of its own: starts it, sends to it, asks it, ends it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const READY_WITHIN_MILLISECONDS = 600_000;

export class Quiver {
  constructor(url, child) {
    this.url = url;
    this.child = child;
  }

  static async start(binary, folder, specs) {
    const specFolder = join(folder, 'specs');
    mkdirSync(specFolder, { recursive: true });
    for (const [model, text] of specs) writeFileSync(join(specFolder, `${model}.yaml`), text);
    const ready = join(folder, 'ready');
    rmSync(ready, { force: true });
    const log = openSync(join(folder, 'server.log'), 'w');
    // A variable QUIVER_… is a key of the server's config.
    const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('QUIVER_')));
    const flags = ['serve', '--replay-clock', '--data-folder', join(folder, 'data'), '--spec', specFolder, '--listen', '127.0.0.1:0', '--ready-file', ready];
    const child = spawn(binary, flags, { env: environment, stdio: ['ignore', log, log] });
    const until = Date.now() + READY_WITHIN_MILLISECONDS;
    while (!existsSync(ready) || readFileSync(ready, 'utf8') === '') {
      if (child.exitCode !== null || Date.now() > until) {
        child.kill('SIGKILL');
        throw new Error(`the server did not start:\n${readFileSync(join(folder, 'server.log'), 'utf8').slice(-4_000)}`);
      }
      await pause(50);
    }
    return new Quiver(readFileSync(ready, 'utf8').split('\n')[0], child);
  }

  async ask(path) {
    const response = await fetch(this.url + path);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  /** Sends lines of NDJSON; a server that is full is asked again. */
  async send(lines) {
    for (;;) {
      const response = await fetch(`${this.url}/v1/events`, { method: 'POST', headers: { 'Content-Type': 'application/x-ndjson' }, body: lines });
      if (response.ok) return void (await response.arrayBuffer());
      if (response.status !== 429 && response.status !== 503) throw new Error(`events: ${response.status} ${await response.text()}`);
      await pause(1_000 * Number(response.headers.get('retry-after') ?? 1));
    }
  }

  /** Runs the flow until nothing waits any more. */
  async flow() {
    for (;;) {
      // A run may take longer than a client waits for its answer; what counts is what the server says afterwards.
      await fetch(`${this.url}/v1/flow/run`, { method: 'POST' }).then((response) => response.arrayBuffer(), () => undefined);
      const { stages, stage_errors: errors } = await this.ask('/v1/status');
      if (Object.keys(errors).length > 0) throw new Error(`a stage failed: ${JSON.stringify(errors)}`);
      if (stages.every(({ lag_rows: rows, lag_models: models }) => rows === 0 && models === 0)) return;
      await pause(1_000);
    }
  }

  async stop() {
    if (this.child.exitCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await ended;
  }
}
