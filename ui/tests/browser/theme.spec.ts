// Light and dark: as the system says until the reader chooses, then as chosen, also after a reload.
import type { Page } from '@playwright/test';
import { expect, open, test } from './test';

/** How light the page's ground is, 0 to 1. */
const lightness = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    if (canvas === null) throw new Error('no canvas');
    canvas.fillStyle = getComputedStyle(document.documentElement).backgroundColor;
    canvas.fillRect(0, 0, 1, 1);
    const [red = 0, green = 0, blue = 0] = canvas.getImageData(0, 0, 1, 1).data;
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
  });

test('the pages follow the system', async ({ page }) => {
  await open(page, '/');
  expect(await lightness(page)).toBeGreaterThan(0.8);
  await page.emulateMedia({ colorScheme: 'dark' });
  await expect.poll(() => lightness(page)).toBeLessThan(0.2);
});

test('a choice survives the reload and another page', async ({ page }) => {
  await open(page, '/');
  await page.getByRole('button', { name: 'Dark theme' }).click();
  await expect.poll(() => lightness(page)).toBeLessThan(0.2);
  await page.reload();
  await expect(page.getByRole('button', { name: 'Light theme' })).toBeVisible();
  expect(await lightness(page)).toBeLessThan(0.2);
  await page.goto('/status');
  await expect(page.getByRole('button', { name: 'Light theme' })).toBeVisible();
  expect(await lightness(page)).toBeLessThan(0.2);
  await page.getByRole('button', { name: 'Light theme' }).click();
  await expect.poll(() => lightness(page)).toBeGreaterThan(0.8);
});
