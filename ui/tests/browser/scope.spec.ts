// The one range and filter: in the address, over all pages, after a reload, in another reader's browser; chosen by hand or by dragging.
import type { Page } from '@playwright/test';
import { dragOver } from './chart';
import { expect, FLIGHTS, open, settled, test } from './test';

const scope = (page: Page) => page.getByRole('group', { name: 'Range and filter' });
const searchOf = (page: Page): Record<string, string> => Object.fromEntries(new URL(page.url()).searchParams);

async function choose(page: Page, label: string, option: RegExp): Promise<void> {
  await scope(page).getByRole('button', { name: new RegExp(`^${label} `) }).click();
  await page.getByRole('menuitemradio', { name: option }).click();
}

test('range and filter are in the address and survive reload, pages and another browser', async ({ page, browser }) => {
  await open(page, FLIGHTS);
  await scope(page).getByRole('button', { name: 'Time range: All time' }).click();
  await page.getByRole('dialog', { name: 'Time range' }).getByRole('button', { name: 'Last 90 days' }).click();
  await choose(page, 'By', /^Week/);
  await choose(page, 'Arm', /^shadow/);
  await choose(page, 'Compare', /^Reference/);
  await choose(page, 'Zone', /^Mine/);
  const chosen = { from: '-90d', by: 'week', arm: 'shadow', compare: 'reference', zone: 'local' };
  await expect.poll(() => searchOf(page)).toEqual(chosen);

  const check = async (each: Page): Promise<void> => {
    await expect(scope(each).getByRole('button', { name: 'Time range: Last 90 days' })).toBeVisible();
    for (const name of [/^By Week/, /^Arm shadow/, /^Compare Reference/, /^Zone Mine/]) await expect(scope(each).getByRole('button', { name })).toBeVisible();
  };
  await check(page);
  const asked = page.waitForRequest((request) => /windows\?.*from=2013-10-0.*by=week.*arm=shadow/.test(request.url()));
  await page.reload();
  await asked;
  await settled(page);
  await check(page);
  expect(searchOf(page)).toEqual(chosen);

  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: /^Features/ }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Features');
  expect(searchOf(page)).toEqual(chosen);

  const shared = await browser.newContext({ timezoneId: 'Asia/Tokyo' });
  const reader = await shared.newPage();
  await reader.goto(page.url());
  await check(reader);
  await shared.close();
});

test('what the server is asked follows the range', async ({ page }) => {
  await open(page, FLIGHTS);
  const asked = page.waitForRequest((request) => /windows\?.*from=/.test(request.url()));
  await page.goto(`${FLIGHTS}?from=2013-06-01&to=2013-07-01&by=day`);
  const answer = (await (await (await asked).response())?.json()) as { scope: { from: string; to: string }; periods: unknown[] };
  // Midnight in New York.
  expect(answer.scope).toMatchObject({ from: '2013-06-01T04:00:00Z', to: '2013-07-01T04:00:00Z', by: 'day' });
  expect(answer.periods).toHaveLength(30);
});

test('a page keeps its own filters in the address', async ({ page }) => {
  await open(page, `${FLIGHTS}/features`);
  const table = page.getByRole('table', { name: 'Features' });
  await expect(table.getByRole('row').nth(5)).toBeVisible();
  await page.getByRole('searchbox', { name: 'Find a feature' }).fill('vis');
  await expect(table.getByRole('row')).toHaveCount(2);
  await expect(table.getByRole('link', { name: 'visib' })).toBeVisible();
  await expect.poll(() => searchOf(page)).toEqual({ search: 'vis' });
  await page.reload();
  await expect(page.getByRole('searchbox', { name: 'Find a feature' })).toHaveValue('vis');
  await expect(table.getByRole('row')).toHaveCount(2);
});

test('a drag over a chart chooses the range of the whole page, a double click shows all', async ({ page }) => {
  await open(page, FLIGHTS);
  const chart = page.getByRole('group', { name: /^Predictions and labels\./ });
  await dragOver(chart, 0.3, 0.6);
  // The axis runs from February to the end of December; the periods that were touched are chosen whole.
  await expect.poll(() => searchOf(page)).toEqual({ from: '2013-05-01T04:00:00Z', to: '2013-09-01T04:00:00Z' });
  await settled(page);
  await expect(scope(page).getByRole('button', { name: /^Time range: .*2013/ })).toBeVisible();

  await chart.dblclick();
  await expect.poll(() => searchOf(page)).toEqual({});
  await expect(scope(page).getByRole('button', { name: 'Time range: All time' })).toBeVisible();
});

test('dates typed by hand include the last day', async ({ page }) => {
  await open(page, FLIGHTS);
  await scope(page).getByRole('button', { name: 'Time range: All time' }).click();
  const dialog = page.getByRole('dialog', { name: 'Time range' });
  await dialog.getByLabel('From').fill('2013-07-01');
  await dialog.getByLabel('Through').fill('2013-07-31');
  await dialog.getByRole('button', { name: 'Show' }).click();
  await expect.poll(() => searchOf(page)).toEqual({ from: '2013-07-01T04:00:00Z', to: '2013-08-01T04:00:00Z' });
});

test('back undoes a choice of range', async ({ page }) => {
  await open(page, FLIGHTS);
  await scope(page).getByRole('button', { name: 'Time range: All time' }).click();
  await page.getByRole('button', { name: 'Last 30 days' }).click();
  await expect.poll(() => searchOf(page)).toEqual({ from: '-30d' });
  await page.goBack();
  await expect(scope(page).getByRole('button', { name: 'Time range: All time' })).toBeVisible();
});
