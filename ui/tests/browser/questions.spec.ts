// What a stranger asks, each answered within two clicks from the overview.
import type { Locator, Page } from '@playwright/test';
import { ask, expect, FLIGHTS, open, settled, test } from './test';

const MOST_CLICKS = 2;

/** Somebody who has never seen the pages, and who counts the clicks. */
class Stranger {
  private clicks = 0;

  constructor(readonly page: Page) {}

  async click(target: Locator): Promise<void> {
    this.clicks += 1;
    expect(this.clicks, 'clicks from the overview').toBeLessThanOrEqual(MOST_CLICKS);
    await target.click();
    await settled(this.page);
  }

  async openModel(): Promise<Locator> {
    await open(this.page, '/');
    await this.click(this.page.getByRole('link', { name: 'flight-delay', exact: true }));
    return this.page.getByRole('main');
  }
}

interface Diagnoses {
  arms: { arm: string; decisions_touched: number | null; causes: { subject: string; share: number }[] }[];
}

async function liveArm(): Promise<Diagnoses['arms'][number]> {
  const { arms } = await ask<Diagnoses>(`/v1${FLIGHTS}/diagnosis`);
  const live = arms.find(({ arm }) => arm === 'control');
  if (live === undefined) throw new Error('no live arm');
  return live;
}

test('what broke?', async ({ page }) => {
  const main = await new Stranger(page).openModel();
  await expect(main.getByText(/Decision broke first/).first()).toBeVisible();
});

test('since when?', async ({ page }) => {
  const main = await new Stranger(page).openModel();
  await expect(main.getByText(/broke first, in April 2013/).first()).toBeVisible();
});

test('why?', async ({ page }) => {
  const stranger = new Stranger(page);
  const main = await stranger.openModel();
  const [cause] = (await liveArm()).causes;
  expect(cause?.subject).toBe('temp');
  await expect(main.getByText('71.6 %').first()).toBeVisible();
  await expect(main.getByText(/mean output fell from 0.273 .* to 0.152/)).toBeVisible();
  await stranger.click(main.getByRole('link', { name: 'temp', exact: true }).first());
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^temp/);
  await expect(main.getByRole('heading', { name: 'Values against the reference' })).toBeVisible();
});

test('how many decisions did it touch?', async ({ page }) => {
  const main = await new Stranger(page).openModel();
  const { decisions_touched: touched } = await liveArm();
  expect(touched).toBe(227_852);
  await expect(main.getByText(/227,852/).first()).toBeVisible();
});

test('what would the other model have done?', async ({ page }) => {
  const stranger = new Stranger(page);
  const main = await stranger.openModel();
  await expect(main.getByText(/shadow.*none of its arrows broke/).first()).toBeVisible();
  await stranger.click(main.getByRole('link', { name: /^Compare control and shadow/ }));
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^Compare/);
  await expect(main.getByRole('heading', { name: 'What the other model would have done' })).toBeVisible();
  // Of the flights that both models judged: those that only the other one would have told people about.
  const { paired } = await ask<{ paired: { cells: { left: boolean; right: boolean; rows: number }[] } }>(
    `/v1${FLIGHTS}/compare?left_arm=control&right_arm=shadow`,
  );
  const onlyOther = paired.cells.find(({ left, right }) => !left && right)?.rows ?? 0;
  expect(onlyOther).toBeGreaterThan(0);
  await expect(main.getByText(`would have acted on ${onlyOther.toLocaleString('en')} `)).toBeVisible();
});
