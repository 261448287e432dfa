// What is not the usual case: a server that goes away and comes back, answers that fail, models without events, none at all, live news.
import type { Page } from '@playwright/test';
import { Server } from './server';
import { SMALL, SMALL_SPEC, smallEvents } from './small';
import { expect, FLIGHTS, NOT_WORDS, open, settled, shoot, test } from './test';

const state = (page: Page, word: string) => page.getByRole('button', { name: new RegExp(`^${word}\\. `) });

test.describe('when the server goes away', () => {
  test.use({ expectedErrors: /Failed to load resource|ERR_CONNECTION|ERR_FAILED/ });

  test('the last picture stays and says so; it follows again when the server is back', async ({ page, folder }) => {
    const flags = ['--replay-clock'];
    let server = await Server.start({ folder, spec: SMALL_SPEC, flags });
    try {
      await server.take(smallEvents());
      await open(page, server.url + SMALL);
      await expect(state(page, 'Live')).toBeVisible();
      const figures = page.getByText(/576 predictions/).first();
      await expect(figures).toBeVisible();
      const { url } = server;
      await server.stop();
      await expect(state(page, 'Offline')).toBeVisible({ timeout: 40_000 });
      await expect(page.getByText(/Not refreshed/).first()).toBeVisible();
      await expect(figures, 'the last picture').toBeVisible();
      await shoot(page, 'state-offline');

      server = await Server.start({ folder, flags, listen: url.replace('http://', '') });
      await expect(state(page, 'Live')).toBeVisible({ timeout: 40_000 });
      await expect(page.getByText(/Not refreshed/)).toHaveCount(0);
    } finally {
      await server.stop();
    }
  });

  for (const [name, path] of [
    ['overview', '/'],
    ['model', FLIGHTS],
    ['features', `${FLIGHTS}/features`],
    ['feature', `${FLIGHTS}/features/temp`],
    ['inference', `${FLIGHTS}/inference`],
    ['decision', `${FLIGHTS}/decision`],
    ['feedback', `${FLIGHTS}/feedback`],
    ['compare', `${FLIGHTS}/compare`],
    ['events', `${FLIGHTS}/events`],
    ['spec', `${FLIGHTS}/spec`],
    ['status', '/status'],
  ] as const) {
    test(`the ${name} page says what is wrong, and tries again when asked`, async ({ page }) => {
      await page.route(/\/v1\/(?!session)/, (route) => route.abort('connectionrefused'));
      await page.goto(path);
      const alert = page.getByRole('main').getByRole('alert').first();
      await expect(alert).toContainText('The server does not answer');
      await shoot(page, `state-error-${name}`);
      await page.unroute(/\/v1\/(?!session)/);
      await alert.getByRole('button', { name: 'Try again' }).click();
      await expect(page.getByRole('main').getByRole('alert')).toHaveCount(0);
    });
  }

  test('a problem that the server tells is shown in its words', async ({ page }) => {
    await page.route(/\/v1\/models\/[^/]+\/features/, (route) =>
      route.fulfill({ status: 503, contentType: 'application/problem+json', json: { type: '/problems/overloaded', title: 'the server is busy', status: 503, detail: 'ask for a shorter range' } }),
    );
    await page.goto(`${FLIGHTS}/features`);
    await expect(page.getByRole('alert')).toContainText(/the server is busy/i);
    await expect(page.getByRole('alert')).toContainText('ask for a shorter range');
  });
});

test.describe('without events', () => {
  const PATHS = ['/', SMALL, ...['features', 'features/speed', 'inference', 'decision', 'feedback', 'compare', 'events', 'spec'].map((name) => `${SMALL}/${name}`), '/status'];

  test('every page of a model says what it waits for', async ({ page, startServer }) => {
    const server = await startServer({ spec: SMALL_SPEC });
    for (const path of PATHS) {
      for (const range of ['', '?from=-7d&compare=previous']) {
        await open(page, server.url + path + range);
        await expect(page.getByRole('main'), path).not.toContainText(NOT_WORDS);
        await expect(page.getByRole('main').getByRole('alert'), path).toHaveCount(0);
        expect((await page.getByRole('main').innerText()).length, `${path} is not blank`).toBeGreaterThan(40);
      }
      await shoot(page, `state-empty-${path.split('/').at(-1) || 'overview'}`);
    }
    await open(page, server.url + SMALL);
    await expect(page.getByText('No event of this model has arrived yet')).toBeVisible();
  });

  test('a server without models says how to begin', async ({ page, startServer }) => {
    const server = await startServer({});
    await open(page, server.url);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('No model yet');
    await expect(page.getByText(/quiver init/)).toBeVisible();
    await shoot(page, 'state-no-model');
  });
});

test.describe('while events come in', () => {
  test('the page follows without a reload, without a jump, with the same charts', async ({ page, startServer }) => {
    const server = await startServer({ spec: SMALL_SPEC, flags: ['--replay-clock'] });
    const events = smallEvents();
    await server.take(events.slice(0, 1_000));
    await open(page, server.url + SMALL);
    await expect(page.getByText(/500 predictions/).first()).toBeVisible();
    const chart = page.getByRole('main').locator('canvas').first();
    const before = await chart.elementHandle();
    await page.evaluate(() => {
      const moved: number[] = [];
      Object.assign(globalThis, { moved });
      new PerformanceObserver((list) => moved.push(...list.getEntries().map((entry) => (entry as PerformanceEntry & { value: number }).value))).observe({ type: 'layout-shift' });
    });
    await server.take(events.slice(1_000));
    await expect(page.getByText(/576 predictions/).first()).toBeVisible();
    expect(await before?.evaluate((canvas) => canvas.isConnected), 'the same chart').toBe(true);
    const jump = await page.evaluate(() => (globalThis as unknown as { moved: number[] }).moved.reduce((sum, value) => sum + value, 0));
    expect(jump, 'how far things jumped').toBeLessThan(0.02);
  });

  test('a paused page stands still until it is told to follow', async ({ page, startServer }) => {
    const server = await startServer({ spec: SMALL_SPEC, flags: ['--replay-clock'] });
    const events = smallEvents();
    await server.take(events.slice(0, 1_000));
    await open(page, server.url + SMALL);
    await state(page, 'Live').click();
    await expect(state(page, 'Paused')).toBeVisible();
    let asked = 0;
    page.on('request', (request) => {
      if (request.url().includes('/windows')) asked += 1;
    });
    await server.take(events.slice(1_000));
    // Longer than the page would wait to ask again.
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 6_000)));
    expect(asked).toBe(0);
    await expect(page.getByText(/500 predictions/).first()).toBeVisible();
    await state(page, 'Paused').click();
    await expect(page.getByText(/576 predictions/).first()).toBeVisible();
  });
});

test('a page that waits keeps the room of what is to come', async ({ page }) => {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route(/\/v1\/models\//, async (route) => {
    await held;
    await route.continue();
  });
  await page.goto(FLIGHTS);
  await expect(page.locator('[aria-busy="true"]').first()).toBeVisible();
  await shoot(page, 'state-loading');
  release();
  await settled(page);
});
