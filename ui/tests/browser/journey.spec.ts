// The way of somebody who was called: from the overview to the broken arrow, a finding, a feature, one event, and all the way back.
import { readPeriod } from './chart';
import { expect, FLIGHTS, IN_THE_STORY, open, settled, test } from './test';

test('from the overview to an event and back', async ({ page }) => {
  const heading = page.getByRole('heading', { level: 1 });
  await open(page, `/?${IN_THE_STORY}`);
  await expect(heading).toHaveText(/flight-delay is broken/);

  await page.getByRole('article', { name: 'flight-delay' }).getByRole('link', { name: /3 Decision.*Broken/ }).click();
  await expect(heading).toHaveText('Decision');
  await settled(page);

  await readPeriod(page.getByRole('group', { name: /^Decision rate\./ }), 'Apr 2013');
  const finding = page.getByRole('dialog', { name: 'Decision rate' });
  await expect(finding.getByText('Broken').first()).toBeVisible();
  await expect(finding.getByRole('heading', { name: 'Evidence' })).toBeVisible();
  await expect(finding.getByText(/612 of 28330 rows/)).toBeVisible();
  const findingAddress = page.url();

  await finding.getByRole('link', { name: 'Zoom to this period' }).click();
  await expect(heading).toHaveText('flight-delay');
  expect(page.url()).toContain('from=2013-04-01');
  await settled(page);

  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: /^Features/ }).click();
  await expect(heading).toHaveText('Features');
  await settled(page);

  await page.getByRole('link', { name: 'temp', exact: true }).first().click();
  await expect(heading).toHaveText(/^temp/);
  await settled(page);

  await page.getByRole('main').getByRole('link', { name: /^Events/ }).first().click();
  await expect(heading).toHaveText('Events');
  await settled(page);
  expect(page.url()).toContain('from=2013-04-01');

  const events = page.getByRole('table', { name: 'Predictions' });
  await events.getByRole('row').nth(1).getByRole('link').first().click();
  await expect(heading).toHaveText(/^Prediction/);
  await settled(page);
  await expect(page.getByRole('main').getByText('temp', { exact: true }).first()).toBeVisible();

  for (const passed of ['Events', /^temp/, 'Features', 'flight-delay', 'Decision']) {
    await page.goBack();
    await expect(heading).toHaveText(passed);
  }
  expect(page.url()).toBe(findingAddress);
  await expect(finding).toBeVisible();
  await page.goBack();
  await expect(finding).toBeHidden();
  await page.goBack();
  await expect(heading).toHaveText(/flight-delay is broken/);
  expect(new URL(page.url()).pathname).toBe('/');
});

test.describe('of what the server does not have', () => {
  test.use({ expectedErrors: /404/ });

  test('an address that names nothing says so and leads back', async ({ page }) => {
    await page.goto('/no/such/page');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Nothing here');
    await page.getByRole('link', { name: 'To the overview' }).click();
    await expect(page.getByRole('article', { name: 'flight-delay' })).toBeVisible();
  });

  for (const [what, path] of [
    ['model', '/models/no-such-model'],
    ['feature', `${FLIGHTS}/features/no-such-feature`],
    ['event', `${FLIGHTS}/events/no-such-event`],
  ] as const) {
    test(`a ${what} that is not there is told in words`, async ({ page }) => {
      await page.goto(path);
      await expect(page.getByRole('main').getByText(/no such|unknown|not known|does not exist|is no |has no /i).first()).toBeVisible();
    });
  }
});
