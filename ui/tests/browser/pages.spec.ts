// Every page with real data, at three widths, light and dark: a heading, no sideways scroll, nothing serious by axe, a picture.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { SMALL, SMALL_SPEC, smallEvents } from './small';
import { ask, expect, FLIGHTS, IN_THE_STORY, NOT_WORDS, open, settled, shoot, test } from './test';

const DESK = 1280;
const PHONE = 390;
const WIDTHS = [
  { width: DESK, height: 800 },
  { width: 1920, height: 1080 },
  { width: PHONE, height: 844 },
];

const TELLING_SPEC = `${SMALL_SPEC}
service: {p95_latency: 150ms, error_rate: 1%, availability: 99%}
cost: {prices: {cpu: 0.05 USD per hour, maps: 100 USD per 1M calls}, at_most: 0.40 USD per 1k}
`;

interface Shown {
  name: string;
  path: string;
  heading: RegExp;
}

const PAGES: readonly Shown[] = [
  { name: 'overview', path: '/', heading: /./ },
  { name: 'overview-broken', path: `/?${IN_THE_STORY}`, heading: /broken.*Decision.*April 2013/ },
  { name: 'model', path: FLIGHTS, heading: /^flight-delay$/ },
  { name: 'features', path: `${FLIGHTS}/features`, heading: /^Features$/ },
  { name: 'feature', path: `${FLIGHTS}/features/temp`, heading: /temp/ },
  { name: 'feature-category', path: `${FLIGHTS}/features/carrier`, heading: /carrier/ },
  { name: 'inference', path: `${FLIGHTS}/inference`, heading: /^Inference$/ },
  { name: 'decision', path: `${FLIGHTS}/decision`, heading: /^Decision$/ },
  { name: 'feedback', path: `${FLIGHTS}/feedback`, heading: /^Feedback$/ },
  { name: 'compare', path: `${FLIGHTS}/compare`, heading: /^Compare/ },
  { name: 'events', path: `${FLIGHTS}/events`, heading: /^Events$/ },
  { name: 'event', path: `${FLIGHTS}/events/EVENT`, heading: /^Prediction/ },
  { name: 'spec', path: `${FLIGHTS}/spec`, heading: /./ },
  { name: 'status', path: '/status', heading: /^Status$/ },
];

for (const { name, path, heading } of PAGES) {
  test(`${name} on screens of every width`, async ({ page }) => {
    test.slow();
    for (const viewport of WIDTHS) {
      await page.setViewportSize(viewport);
      await open(page, await addressOf(path));
      await expect(page.getByRole('heading', { level: 1 })).toHaveText(heading);
      await expect(page.getByRole('main')).not.toContainText(NOT_WORDS);
      expect(await sidewaysPixels(page), `sideways pixels at ${viewport.width}`).toBe(0);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await settled(page);
        await shoot(page, `${name}-${viewport.width}-${colorScheme}`);
        // A wide screen has the same parts, and a narrow one the same colours.
        if (viewport.width === DESK || (viewport.width === PHONE && colorScheme === 'light')) expect(await seriousFindings(page), `axe, ${colorScheme}, at ${viewport.width}`).toEqual([]);
      }
    }
  });
}

// The flights tell nothing of the service.
test('the pages of a model whose events tell everything', async ({ page, startServer }) => {
  test.slow();
  const server = await startServer({ spec: TELLING_SPEC, flags: ['--replay-clock'] });
  await server.take(
    smallEvents((index) => ({
      version: index < 300 ? 'one' : 'two',
      request_type: ['search', 'home', 'mail'][index % 3],
      latency_ms: 20 + ((index * 31) % 90) + (index > 400 ? 60 : 0),
      error: index % 40 === 39 ? 'timeout' : undefined,
      cost: { cpu_ms: 1.5, calls: { redis: { n: 2, ms: 0.8 }, maps: { n: index > 400 ? 5 : 1, ms: 12 } } },
      feature_meta: { speed: { computed_at: new Date(Date.parse('2025-03-01T00:00:00Z') + index * 900_000 - 60_000).toISOString(), cost: { ms: 3.2, calls: 1, bytes: 640 } } },
      decision: index % 20 === 0 ? { action: 'go', model_action: 'stop', by: 'rule', rule: 'quiet hours' } : undefined,
    })),
  );
  for (const name of ['inference', 'decision', 'features', 'features/speed']) {
    await open(page, `${server.url}${SMALL}/${name}`);
    await expect(page.getByRole('main')).not.toContainText(NOT_WORDS);
    await shoot(page, `telling-${name.replace('/', '-')}`);
    expect(await seriousFindings(page), `axe, ${name}`).toEqual([]);
  }
  await expect(page.getByRole('region', { name: 'Figures' })).toContainText('3.2 ms, 1 call, 640 B');
  await open(page, `${server.url}${SMALL}/inference`);
  for (const text of ['redis', 'maps', 'two']) await expect(page.getByRole('main').getByText(text).first()).toBeVisible();
});

async function addressOf(path: string): Promise<string> {
  if (!path.endsWith('EVENT')) return path;
  const { events } = await ask<{ events: { id: string }[] }>(`/v1${FLIGHTS}/events?limit=1`);
  return path.replace('EVENT', encodeURIComponent(events[0]?.id ?? ''));
}

const sidewaysPixels = (page: Page): Promise<number> =>
  page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth));

async function seriousFindings(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => `${node.target.join(' ')} ${node.any[0]?.message ?? ''}`).join(' | ')}`);
}
