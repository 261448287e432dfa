// Keys: the pages ask for one where the server wants it, tell a wrong one, take the right one, and forget it.
import type { Page } from '@playwright/test';
import { join } from 'node:path';
import { runQuiver, type Server } from './server';
import { SMALL_SPEC } from './small';
import { expect, settled, shoot, test } from './test';

// The browser itself writes what is refused to its console.
test.use({ expectedErrors: /40[13]/ });

const signInHeading = (page: Page) => page.getByRole('heading', { name: 'Sign in to Quiver' });

async function signIn(page: Page, key: string): Promise<void> {
  await page.getByLabel('API key').fill(key);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

test.describe('where keys are required', () => {
  let server: Server;
  let key: string;

  test.beforeEach(async ({ folder, startServer }) => {
    const dataFolder = join(folder, 'data');
    key = await runQuiver('key', 'create', '--name', 'reader', '--scope', 'read', '--data-folder', dataFolder);
    server = await startServer({ dataFolder, spec: SMALL_SPEC, config: { QUIVER_AUTH__KEYS: 'required' } });
  });

  test('a wrong key is told, the right one opens, signing out closes', async ({ page, context }) => {
    await page.goto(`${server.url}/models/small?by=day`);
    await expect(signInHeading(page)).toBeVisible();
    await expect(page.getByLabel('API key')).toBeFocused();
    await shoot(page, 'sign-in');

    await signIn(page, 'qvr_0000_this_is_no_key');
    await expect(page.getByRole('alert')).toContainText(/no key of Quiver/);
    await shoot(page, 'sign-in-refused');

    await signIn(page, key);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('small');
    await settled(page);
    expect(page.url(), 'the way that was asked for, without the key').toBe(`${server.url}/models/small?by=day`);

    await page.reload();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('small');
    const kept = await page.evaluate(() => ({ local: JSON.stringify(localStorage), cookies: document.cookie }));
    expect(kept.local + kept.cookies, 'kept for this tab only').not.toContain(key);

    const other = await context.newPage();
    await other.goto(server.url);
    await expect(signInHeading(other)).toBeVisible();
    await other.close();

    await page.getByRole('button', { name: 'Sign out' }).click();
    await expect(signInHeading(page)).toBeVisible();
    await page.reload();
    await expect(signInHeading(page)).toBeVisible();
  });

  test('a key that may not read is told so', async ({ page }) => {
    const sender = await runQuiver('key', 'create', '--name', 'sender', '--scope', 'ingest', '--data-folder', server.dataFolder);
    await page.goto(server.url);
    await signIn(page, sender);
    await expect(page.getByRole('alert').first()).toContainText(/not allowed|may not|scope|read/i);
  });

  test('a query that is shown to be copied does not hold the key', async ({ page }) => {
    await page.goto(`${server.url}/models/small/features`);
    await signIn(page, key);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Features');
    await page.getByRole('button', { name: /^More about/ }).first().click();
    await page.getByRole('menuitem', { name: 'Query' }).click();
    const query = page.getByRole('dialog').locator('pre');
    await expect(query).toContainText('curl');
    await expect(query).toContainText('QUIVER_KEY');
    await expect(query).not.toContainText(key);
  });
});

test('nobody is asked for a key where none is wanted', async ({ page, startServer }) => {
  const server = await startServer({ spec: SMALL_SPEC });
  await page.goto(server.url);
  await expect(page.getByRole('article', { name: 'small' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeHidden();
});
