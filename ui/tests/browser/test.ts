// What every browser test starts from: a page that is watched, and words for what all tests wait for.
import { test as base, expect, type Page, type Request } from '@playwright/test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SCREENSHOTS_FOLDER } from './folders';
import { Server, type ServerOptions } from './server';

interface Fixtures {
  /** Console errors that a test brings about itself. */
  expectedErrors: RegExp | null;
  /** Starts a server on an empty folder, which ends with the test. */
  startServer: (options: Omit<ServerOptions, 'folder'>) => Promise<Server>;
  folder: string;
}

/** Of each page, what it asked for and never had an answer to; asking again for what is there keeps nobody waiting. */
const awaited = new WeakMap<Page, Set<string>>();

export const test = base.extend<Fixtures>({
  expectedErrors: [null, { option: true }],
  baseURL: async ({}, use) => use(process.env.QUIVER_URL),
  folder: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), 'quiver-browser-'));
    await use(folder);
    rmSync(folder, { recursive: true, force: true });
  },
  startServer: async ({ folder }, use) => {
    const servers: Server[] = [];
    await use(async (options) => {
      const server = await Server.start({ folder, ...options });
      servers.push(server);
      return server;
    });
    await Promise.all(servers.map((server) => server.stop()));
  },
  page: async ({ page, expectedErrors }, use) => {
    const problems = watch(page, expectedErrors);
    await use(page);
    expect(problems, 'console errors, requests to other hosts, dialogs').toEqual([]);
  },
});

/** Notes whatever a page must never do. */
function watch(page: Page, expectedErrors: RegExp | null): string[] {
  const problems: string[] = [];
  const waiting = new Set<string>();
  const answered = new Set<string>();
  awaited.set(page, waiting);
  page.on('console', (message) => {
    if (message.type() === 'error' && !expectedErrors?.test(message.text())) problems.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => problems.push(`uncaught: ${error.message}`));
  page.on('dialog', (dialog) => {
    problems.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    if (!answered.has(request.url())) waiting.add(request.url());
    const { protocol, hostname } = new URL(request.url());
    if (!['blob:', 'data:'].includes(protocol) && hostname !== '127.0.0.1') problems.push(`request to ${request.url()}`);
  });
  const end = (request: Request): void => {
    answered.add(request.url());
    waiting.delete(request.url());
  };
  page.on('requestfinished', end);
  page.on('requestfailed', end);
  return problems;
}

/** Waits until a page has its heading, all its answers, and nothing that still loads. */
export async function settled(page: Page): Promise<void> {
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/\S/);
  await expect(async () => {
    expect([...(awaited.get(page) ?? [])], 'unanswered').toEqual([]);
    expect(await page.locator('[aria-busy="true"]').count(), 'parts that load').toBe(0);
    // React draws an answer in the frame after it came.
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    expect(await page.locator('[aria-busy="true"]').count(), 'parts that load').toBe(0);
  }).toPass({ intervals: [50] });
  await page.evaluate(() => document.fonts.ready);
}

export async function open(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await settled(page);
}

/** Keeps a picture of the whole page for people to look at. */
export async function shoot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(SCREENSHOTS_FOLDER, `${name}.png`), fullPage: true });
}

/** What a route of the demo's server answers. */
export async function ask<Answer>(path: string): Promise<Answer> {
  const response = await fetch(`${process.env.QUIVER_URL}${path}`);
  expect(response.ok, path).toBe(true);
  return (await response.json()) as Answer;
}

/** What a page prints when it took nothing for a figure. */
export const NOT_WORDS = /\bNaN\b|\bundefined\b|\[object Object\]|Invalid Date|\bInfinity\b/;

export const FLIGHTS = '/models/flight-delay';
/** In August the decision arrow of the flights has been dead since April; by the end of the year it is back. */
export const IN_THE_STORY = 'to=2013-09-01';

export { expect };
