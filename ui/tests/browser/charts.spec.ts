// What every chart can show of itself: its numbers, its query, how it was computed, a picture and a file of figures.
import type { Download, Page } from '@playwright/test';
import { readFileSync } from 'node:fs';
import { ask, expect, FLIGHTS, open, shoot, test } from './test';

interface SeriesAnswer {
  periods: { label: string }[];
  series: { values: number[]; rows: number[]; convention: string }[];
}

const decisionRate = (): Promise<SeriesAnswer> => ask(`/v1${FLIGHTS}/series?arrow=decision&monitor=decision_rate`);

async function more(page: Page, chart: string, command: string): Promise<void> {
  await page.getByRole('button', { name: `More about ${chart}`, exact: true }).click();
  await page.getByRole('menuitem', { name: command }).click();
}

async function saved(page: Page, chart: string, command: string): Promise<{ download: Download; bytes: Buffer }> {
  const [download] = await Promise.all([page.waitForEvent('download'), more(page, chart, command)]);
  return { download, bytes: readFileSync(await download.path()) };
}

test.beforeEach(({ page }) => open(page, `${FLIGHTS}/decision`));

test('its numbers are those of the API', async ({ page }) => {
  await more(page, 'Decision rate', 'Numbers');
  const numbers = page.getByRole('dialog', { name: 'Decision rate' });
  const { periods, series } = await decisionRate();
  await expect(numbers.getByRole('row')).toHaveCount(periods.length + 1);
  const april = numbers.getByRole('row', { name: /^2013-04/ });
  await expect(april.getByRole('cell').nth(1)).toHaveText(/^0\.0216/);
  await expect(april).toContainText('28,330');
  await expect(april).toContainText(/broken/i);
  expect(series[0]?.values[2]).toBeCloseTo(0.0216, 4);
  await shoot(page, 'numbers');
});

test('its query can be run as it stands', async ({ page }) => {
  await more(page, 'Decision rate', 'Query');
  const text = await page.getByRole('dialog').locator('pre').textContent();
  const [, url = ''] = /^curl '([^']+)'$/.exec(text ?? '') ?? [];
  expect(url).toContain(`/v1${FLIGHTS}/`);
  const answer = (await (await fetch(url)).json()) as SeriesAnswer;
  const { series } = await decisionRate();
  expect(JSON.stringify(answer)).toContain(String(series[0]?.values[2]));
});

test('how it was computed names the convention and the sample', async ({ page }) => {
  await more(page, 'Decision rate', 'How this was computed');
  const method = page.getByRole('dialog');
  await expect(method.getByText('share/wilson')).toBeVisible();
  await expect(method.getByText('24,951')).toBeVisible();
});

test('its lines have the colours of its legend', async ({ page }) => {
  await open(page, `${FLIGHTS}/decision`);
  const chart = page.getByRole('group', { name: /^Decision rate\./ });
  const drawn = await chart.locator('canvas').evaluate((canvas: HTMLCanvasElement) => {
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
    const hues = new Set<string>();
    for (let at = 0; at < data.length; at += 4) if (data[at + 3] === 255) hues.add(`rgb(${data[at]}, ${data[at + 1]}, ${data[at + 2]})`);
    return [...hues];
  });
  const wanted = await page.evaluate(() => {
    const probe = document.body.appendChild(document.createElement('i'));
    return ['--series-1', '--broken'].map((name) => {
      probe.style.color = `var(${name})`;
      return getComputedStyle(probe).color;
    });
  });
  expect(new Set(wanted).size).toBe(2);
  expect(drawn).toEqual(expect.arrayContaining(wanted));
});

test('a picture of it is a PNG with something on it', async ({ page }) => {
  const { download, bytes } = await saved(page, 'Decision rate', 'Save as PNG');
  expect(download.suggestedFilename()).toBe('decision-rate.png');
  expect(bytes.subarray(1, 4).toString()).toBe('PNG');
  expect(bytes.readUInt32BE(16), 'width').toBeGreaterThan(300);
  // A blank picture packs into almost nothing.
  expect(bytes.length).toBeGreaterThan(4_000);
});

test('its figures as CSV are those of the API', async ({ page }) => {
  const { download, bytes } = await saved(page, 'Decision rate', 'Save as CSV');
  expect(download.suggestedFilename()).toBe('decision-rate.csv');
  const [columns, ...rows] = bytes.toString().trim().split('\r\n').map((line) => line.split(','));
  const { periods, series } = await decisionRate();
  expect(columns?.slice(0, 2)).toEqual(['Period', 'Value']);
  expect(rows.map(([period]) => period)).toEqual(periods.map(({ label }) => label));
  expect(rows.map(([, value]) => Number(value))).toEqual(series[0]?.values);
});

for (const [name, path] of [
  ['model', FLIGHTS],
  ['feature', `${FLIGHTS}/features/temp`],
  ['decision', `${FLIGHTS}/decision`],
  ['feedback', `${FLIGHTS}/feedback`],
] as const) {
  test(`every chart of the ${name} page has its menu`, async ({ page }) => {
    await open(page, path);
    const charts = page.getByRole('main').locator('canvas');
    expect(await charts.count(), 'charts').toBeGreaterThan(0);
    for (const chart of await charts.all()) {
      const frame = chart.locator('xpath=ancestor::section[.//button[starts-with(@aria-label, "More about")]][1]');
      await expect(frame, 'the frame of a chart').toHaveCount(1);
    }
  });
}
