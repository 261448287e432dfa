// Every page with real data, at three widths, light and dark: a heading, no sideways scroll, nothing serious by axe, a picture.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { ask, expect, FLIGHTS, IN_THE_STORY, NOT_WORDS, open, settled, shoot, test } from './test';

const WIDE = 1920;
const WIDTHS = [
  { width: 1280, height: 800 },
  { width: WIDE, height: 1080 },
  { width: 390, height: 844 },
];

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
        // A wide screen has the same parts in the same colours.
        if (viewport.width !== WIDE) expect(await seriousFindings(page), `axe, ${colorScheme}, at ${viewport.width}`).toEqual([]);
      }
    }
  });
}

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
