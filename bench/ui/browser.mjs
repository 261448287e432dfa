// Measures the pages in Chromium: first paint, interactions, scrolling, memory, bytes; and notes what they ask of the server.
import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import { quantile } from './answers.mjs';

// The pages' own tests bring Playwright.
const { chromium } = createRequire(new URL('../../ui/package.json', import.meta.url))('@playwright/test');

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const LOADS = 5;
const TURNS = 8;
const RANGES = ['', '?from=-7d', '?from=-24h'];

export async function measurePages(base, model) {
  const candidates = [process.env.QUIVER_CHROMIUM, '/usr/bin/chromium-headless-shell', '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
  const executablePath = candidates.find((path) => path !== undefined && existsSync(path));
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  try {
    const requests = new Map();
    const open = async () => {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
      const page = await context.newPage();
      page.on('request', (request) => {
        const { pathname, search } = new URL(request.url());
        if (pathname.startsWith('/v1/')) requests.set(pathname + search, request.headers()['cache-control']);
      });
      await page.addInitScript(noteInteractions);
      return page;
    };
    const figures = [];
    for (const [name, path] of [['overview', '/'], ['model', `/models/${model}`], ['features', `/models/${model}/features`]]) {
      figures.push(...(await measurePaint(open, base, name, path)));
    }
    figures.push(await measureScript(open, base));
    figures.push(...(await measureFeatures(open, base, model)));
    figures.push(...(await measureOverview(open, base)));
    figures.push(...(await measureMemory(open, base, model)));
    return { figures, requests: [...requests].map(([path, cacheControl]) => ({ path, cacheControl })) };
  } finally {
    await browser.close();
  }
}

async function settled(page) {
  await page.waitForFunction(() => (document.querySelector('h1')?.textContent ?? '') !== '' && document.querySelector('[aria-busy="true"]') === null, undefined, { polling: 'raf', timeout: 120_000 });
}

async function measurePaint(open, base, name, path) {
  const painted = [];
  const shown = [];
  for (let load = 0; load < LOADS; load += 1) {
    const page = await open();
    await page.goto(base + path);
    await settled(page);
    shown.push(await page.evaluate(() => performance.now()));
    // The browser tells of a paint a little after it.
    const paint = await page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime);
    painted.push(await paint.jsonValue());
    await page.context().close();
  }
  return [
    { name: `first paint, ${name}`, value: quantile(painted, 0.5), unit: 'ms', goal: 1_000 },
    { name: `all answers shown, ${name}`, value: quantile(shown, 0.5), unit: 'ms' },
  ];
}

async function measureScript(open, base) {
  const page = await open();
  const sizes = [];
  page.on('response', (response) => {
    if (response.request().resourceType() === 'script') sizes.push(response.request().sizes());
  });
  await page.goto(base);
  await settled(page);
  await page.waitForLoadState('networkidle');
  const bytes = (await Promise.all(sizes)).reduce((sum, { responseBodySize }) => sum + responseBodySize, 0);
  await page.context().close();
  return { name: 'JavaScript of the first page, gzip', value: bytes / 1000, unit: 'kB', goal: 400 };
}

async function measureFeatures(open, base, model) {
  const page = await open();
  await page.goto(`${base}/models/${model}/features`);
  await settled(page);
  const column = (name) => page.getByRole('table', { name: 'Features' }).getByRole('button', { name });
  const figures = [];
  figures.push(...(await interact(page, 'sort the features', TURNS, (turn) => column(turn % 2 === 0 ? 'Feature' : 'Missing').click())));
  const field = page.getByRole('searchbox', { name: 'Find a feature' });
  figures.push(...(await interact(page, 'search the features', TURNS, (turn) => field.press(turn % 2 === 0 ? '1' : 'Backspace'))));
  const presets = ['Last 7 days', 'Last 30 days', 'Last 24 hours', 'All time'];
  figures.push(
    ...(await interact(page, 'change the range', TURNS, async (turn) => {
      await page.getByRole('button', { name: presets[turn % presets.length] }).click();
    }, () => page.getByRole('button', { name: /^Time range/ }).click())),
  );
  figures.push(await scroll(page, 'scroll the features', page.getByRole('table', { name: 'Features' })));
  await page.context().close();
  return figures;
}

async function measureOverview(open, base) {
  const page = await open();
  await page.goto(base);
  await settled(page);
  const field = page.getByRole('searchbox', { name: 'Find a model' });
  const figures = await interact(page, 'search the models', TURNS, (turn) => field.press(turn % 2 === 0 ? '9' : 'Backspace'));
  figures.push(await scroll(page, 'scroll the models', page.getByRole('main')));
  await page.context().close();
  return figures;
}

/** How soon the page reacts to a press (the next paint), and how soon its content is another. */
async function interact(page, name, turns, act, prepare = async () => undefined) {
  const reacted = [];
  const shown = [];
  for (let turn = 0; turn < turns; turn += 1) {
    await prepare();
    await page.evaluate(startTurn);
    await act(turn);
    shown.push(await page.evaluate(() => globalThis.turn.shown));
    await settled(page);
    reacted.push(await page.evaluate(() => globalThis.turn.longest()));
  }
  return [
    { name: `${name}: reacts, longest`, value: Math.max(...reacted), unit: 'ms', goal: 100 },
    { name: `${name}: other content, median`, value: quantile(shown, 0.5), unit: 'ms' },
  ];
}

/** The frames of a long scroll. */
async function scroll(page, name, target) {
  await target.hover({ position: { x: 40, y: 200 } });
  await page.evaluate(() => {
    globalThis.frames = [];
    let last = performance.now();
    const next = (now) => {
      globalThis.frames.push(now - last);
      last = now;
      requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  });
  for (let turn = 0; turn < 30; turn += 1) await page.mouse.wheel(0, 1_500);
  const frames = await page.evaluate(() => globalThis.frames);
  return { name: `${name}: longest frame`, value: Math.max(...frames), unit: 'ms', goal: 100 };
}

/** One reader's tour of all pages in one tab; the largest heap on the way. */
async function measureMemory(open, base, model) {
  const page = await open();
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const heap = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return (metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? 0) / 1e6;
  };
  let largest = 0;
  const root = `/models/${model}`;
  const paths = ['', '/features', '/features/feature_0003', '/inference', '/decision', '/feedback', '/compare', '/events', '/spec'].map((path) => root + path);
  for (const range of RANGES) {
    for (const path of ['/', ...paths, '/models/small-000', '/status']) {
      // Inside the application, so that one heap holds what was seen before.
      if (page.url() === 'about:blank') await page.goto(base + path);
      else await page.evaluate((address) => (history.pushState({}, '', address), dispatchEvent(new PopStateEvent('popstate'))), path + range);
      await settled(page);
      largest = Math.max(largest, await heap());
    }
  }
  const first = page.getByRole('row').nth(1);
  await page.goto(`${base}${root}/events`);
  await settled(page);
  await first.getByRole('link').first().click();
  await settled(page);
  await session.send('HeapProfiler.collectGarbage');
  const rest = await heap();
  await page.context().close();
  return [
    { name: 'JavaScript heap, largest on a tour of all pages', value: largest, unit: 'MB', goal: 300 },
    { name: 'JavaScript heap, at its end', value: rest, unit: 'MB' },
  ];
}

/** Runs in the page: notes how long each press took until the next paint. */
function noteInteractions() {
  globalThis.presses = [];
  new PerformanceObserver((list) => {
    for (const { interactionId, duration } of list.getEntries()) if (interactionId > 0) globalThis.presses.push(duration);
  }).observe({ type: 'event', durationThreshold: 16, buffered: true });
}

/** Runs in the page: begins a turn at the next press, and waits for the page's figures to be others. */
function startTurn() {
  const content = () => [...document.querySelectorAll('main h2, main h2 + p, main tbody tr:nth-child(-n+3)')].map((element) => element.textContent).join();
  const before = content();
  globalThis.presses = [];
  const shown = new Promise((resolve) => {
    let began = null;
    const begin = (event) => {
      began ??= event.timeStamp;
    };
    addEventListener('pointerdown', begin, { capture: true, once: true });
    addEventListener('keydown', begin, { capture: true, once: true });
    const check = () => {
      if (began !== null && (content() !== before || performance.now() - began > 10_000)) resolve(performance.now() - began);
      else requestAnimationFrame(check);
    };
    requestAnimationFrame(check);
  });
  globalThis.turn = { shown, longest: () => Math.max(0, ...globalThis.presses) };
}
