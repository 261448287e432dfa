// Everything by keyboard only: the palette, help, the keys of pages, tables and charts, an order of stops, a focus that is seen.
import type { Page } from '@playwright/test';
import { expect, FLIGHTS, IN_THE_STORY, open, test } from './test';

const heading = (page: Page) => page.getByRole('heading', { level: 1 });

for (const shortcut of ['Control+k', 'Meta+k']) {
  test(`${shortcut} finds a feature by a few letters`, async ({ page }) => {
    await open(page, FLIGHTS);
    await page.keyboard.press(shortcut);
    const palette = page.getByRole('dialog', { name: 'Search' });
    await expect(palette.getByRole('combobox')).toBeFocused();
    await page.keyboard.type('wind');
    await expect(palette.getByRole('option', { name: 'wind_speed' })).toHaveAttribute('aria-selected', 'true');
    await page.keyboard.press('Enter');
    await expect(heading(page)).toHaveText(/^wind_speed/);
    await expect(palette).toBeHidden();
  });
}

test('the palette finds models and pages, and Esc closes it', async ({ page }) => {
  await open(page, '/');
  await page.keyboard.press('Control+k');
  const palette = page.getByRole('dialog', { name: 'Search' });
  await expect(palette.getByRole('combobox')).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(palette).toBeHidden();
  await page.keyboard.press('Control+k');
  await page.keyboard.type('flight');
  await expect(palette.getByRole('option', { name: 'flight-delay' })).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(heading(page)).toHaveText('flight-delay');
});

test('? lists the keys, Esc closes them and gives the focus back', async ({ page }) => {
  await open(page, FLIGHTS);
  const link = page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Spec' });
  await link.focus();
  await page.keyboard.press('?');
  const help = page.getByRole('dialog', { name: 'Keyboard' });
  await expect(help.getByText('Search models, pages and features')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(help).toBeHidden();
  await expect(link).toBeFocused();
});

test('g and a letter go to every page', async ({ page }) => {
  await open(page, FLIGHTS);
  for (const [letter, name] of [
    ['f', 'Features'],
    ['i', 'Inference'],
    ['d', 'Decision'],
    ['b', 'Feedback'],
    ['c', /^Compare/],
    ['e', 'Events'],
    ['s', /Spec|spec/],
    ['m', 'flight-delay'],
    ['t', 'Status'],
  ] as const) {
    await page.keyboard.press('g');
    await page.keyboard.press(letter);
    await expect(heading(page)).toHaveText(name);
  }
  await page.keyboard.press('g');
  await page.keyboard.press('o');
  await expect(page).toHaveURL(/:\d+\/$/);
});

test('[ and ] move the range by its own length', async ({ page }) => {
  await open(page, `${FLIGHTS}?from=2013-06-01T04:00:00Z&to=2013-07-01T04:00:00Z`);
  await page.keyboard.press('[');
  await expect(page).toHaveURL(/from=2013-05-02T04:00:00Z&to=2013-06-01T04:00:00Z/);
  await page.keyboard.press(']');
  await expect(page).toHaveURL(/from=2013-06-01T04:00:00Z&to=2013-07-01T04:00:00Z/);
});

test('keys that are typed into a field stay there', async ({ page }) => {
  await open(page, `${FLIGHTS}/features`);
  const field = page.getByRole('searchbox', { name: 'Find a feature' });
  await field.focus();
  await page.keyboard.type('g?p');
  await expect(field).toHaveValue('g?p');
  await expect(page.getByRole('dialog')).toBeHidden();
});

test('arrow keys and j k walk a table, Enter opens the row', async ({ page }) => {
  await open(page, `${FLIGHTS}/features?sort=name.asc`);
  const rows = page.getByRole('table', { name: 'Features' }).getByRole('row');
  await expect(rows.nth(4)).toBeVisible();
  await rows.nth(1).focus();
  await page.keyboard.press('ArrowDown');
  await expect(rows.nth(2)).toBeFocused();
  await page.keyboard.press('j');
  await expect(rows.nth(3)).toBeFocused();
  await page.keyboard.press('k');
  await expect(rows.nth(2)).toBeFocused();
  await page.keyboard.press('End');
  await expect(rows.nth(13)).toBeFocused();
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowDown');
  await expect(rows.nth(2)).toBeFocused();
  expect(await hasRing(page), 'the row shows its focus').toBe(true);
  const name = await rows.nth(2).getByRole('link').first().textContent();
  await page.keyboard.press('Enter');
  await expect(heading(page)).toHaveText(new RegExp(`^${name}`));
});

test('the keys reach rows of a long table that are not drawn yet', async ({ page }) => {
  await open(page, `${FLIGHTS}/events`);
  const rows = page.getByRole('table', { name: 'Predictions' }).getByRole('row');
  await rows.nth(1).focus();
  const focused = page.locator('tr[data-index]:focus');
  await page.keyboard.press('PageDown');
  await page.keyboard.press('PageDown');
  await expect(focused).toHaveAttribute('data-index', '20');
  await page.keyboard.press('End');
  await expect(focused).toHaveAttribute('data-index', /^[4-9]\d$/);
  await page.keyboard.press('Home');
  await expect(focused).toHaveAttribute('data-index', '0');
});

test('arrow keys read a chart, Enter opens the finding, Esc closes it', async ({ page }) => {
  await open(page, `${FLIGHTS}/decision?${IN_THE_STORY}`);
  const chart = page.getByRole('group', { name: /^Decision rate\./ });
  await chart.focus();
  await page.keyboard.press('Home');
  await expect(chart.getByRole('status')).toContainText('Feb 2013');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await expect(chart.getByRole('status')).toContainText('Apr 2013');
  await page.keyboard.press('Enter');
  const finding = page.getByRole('dialog', { name: 'Decision rate' });
  await expect(finding).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(finding).toBeHidden();
});

test('arrow keys walk the verdicts of an arrow, Enter opens a period', async ({ page }) => {
  await open(page, FLIGHTS);
  const strip = page.getByRole('group', { name: /^Decision: / }).first();
  await strip.getByRole('button').last().focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  const found = page.getByRole('dialog', { name: 'Decision' });
  await expect(found.getByText(/Apr(il)? 2013/).first()).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(found).toBeHidden();
});

test('the first stop skips to the page', async ({ page }) => {
  await open(page, FLIGHTS);
  await page.keyboard.press('Tab');
  const skip = page.getByRole('link', { name: 'To the page' });
  await expect(skip).toBeFocused();
  await expect(skip).toBeInViewport();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('main')).toBeFocused();
});

for (const [name, path] of [
  ['overview', '/'],
  ['model', FLIGHTS],
  ['features', `${FLIGHTS}/features`],
  ['decision', `${FLIGHTS}/decision`],
  ['events', `${FLIGHTS}/events`],
] as const) {
  test(`Tab reaches everything on the ${name} page, in order, and shows where it is`, async ({ page }) => {
    await open(page, path);
    const { missed, hidden, isInOrder } = await tabThrough(page);
    expect(missed, 'never reached').toEqual([]);
    expect(hidden, 'without a visible focus').toEqual([]);
    expect(isInOrder, 'navigation, then the bar, then the page').toBe(true);
  });
}

/** Whether what has the focus looks focused: an outline or a shadow that it would not have otherwise. */
const hasRing = (page: Page): Promise<boolean> =>
  page.evaluate(() => {
    const focused = document.activeElement;
    if (focused === null) return false;
    const looks = [focused, focused.firstElementChild, focused.parentElement].filter((each) => each !== null).map((each) => getComputedStyle(each));
    return looks.some((look) => (look.outlineStyle !== 'none' && Number.parseFloat(look.outlineWidth) >= 1) || look.boxShadow !== 'none');
  });

/** Presses Tab until the focus leaves the page, noting each stop. */
async function tabThrough(page: Page): Promise<{ missed: string[]; hidden: string[]; isInOrder: boolean }> {
  const hidden: string[] = [];
  const areas: number[] = [];
  for (let stop = 0; stop < 400; stop += 1) {
    await page.keyboard.press('Tab');
    const area = await page.evaluate(() => {
      const focused = document.activeElement;
      if (focused === null || focused === document.body || focused instanceof HTMLElement && focused.dataset.reached !== undefined) return null;
      if (focused instanceof HTMLElement || focused instanceof SVGElement) focused.dataset.reached = '';
      if (focused.closest('main') !== null) return 3;
      if (focused.closest('header') !== null) return 2;
      return focused.closest('nav') === null ? 0 : 1;
    });
    if (area === null) break;
    areas.push(area);
    if (!(await hasRing(page))) hidden.push(await page.evaluate(() => document.activeElement?.outerHTML.slice(0, 160) ?? ''));
  }
  const missed = await page.evaluate(() => {
    // Of a group that arrow keys walk, one stop is enough.
    const groups = '[role="radiogroup"],[role="toolbar"],[role="group"],[role="tablist"]';
    const isReached = (element: Element): boolean => element.matches('[data-reached]') || (element.closest(groups)?.querySelector('[data-reached]') ?? null) !== null;
    return [...document.querySelectorAll('a[href],button:not([disabled]),input:not([disabled]),[tabindex="0"]')]
      .filter((element) => element.checkVisibility() && !element.matches('[tabindex="-1"]') && element.closest('[aria-hidden="true"]') === null && !isReached(element))
      .map((element) => element.outerHTML.slice(0, 160));
  });
  return { missed, hidden, isInOrder: areas.every((area, index) => area >= (areas[index - 1] ?? 0)) };
}
