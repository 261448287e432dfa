// What strangers send is text and never markup: a strict policy, and a corpus of attacks in every place that events can fill.
import type { Page } from '@playwright/test';
import type { Server } from './server';
import { SMALL, SMALL_SPEC, smallEvents } from './small';
import { expect, settled, test } from './test';

/** Each would open a dialog or make an element, if anything took it for markup. */
const CORPUS = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '"><img src=x onerror=alert(1)>',
  "'><svg onload=alert(1)>",
  '<svg><script>alert(1)</script></svg>',
  '<svg><animate onbegin=alert(1) attributeName=x dur=1s>',
  '</title><script>alert(1)</script>',
  '</textarea><img src=x onerror=alert(1)>',
  '</pre><iframe src="javascript:alert(1)"></iframe>',
  '<iframe srcdoc="<script>parent.alert(1)</script>"></iframe>',
  '<details open ontoggle=alert(1)>',
  '<input autofocus onfocus=alert(1)>',
  '<video><source onerror=alert(1)></video>',
  '<object data="javascript:alert(1)"></object>',
  '<embed src="javascript:alert(1)">',
  '<a href="javascript:alert(1)">press</a>',
  '<base href="https://evil.example/">',
  '<meta http-equiv="refresh" content="0;url=https://evil.example/">',
  '<link rel=stylesheet href="https://evil.example/x.css">',
  '<form action="https://evil.example/"><button>go</button></form>',
  '<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>',
  'javascript:alert(1)',
  '${alert(1)}{{constructor.constructor("alert(1)")()}}',
  '&lt;img src=x onerror=alert(1)&gt;',
  '\u202e<b onmouseover=alert(1)>reversed',
];

/** What only an attack could have made. The pages' own pictures and scripts come from their own files. */
const MADE_BY_ATTACK = [
  '[onerror]',
  '[onload]',
  '[onbegin]',
  '[ontoggle]',
  '[onfocus]',
  '[onmouseover]',
  'img[src="x"]',
  'iframe',
  'object',
  'embed',
  'video',
  'base',
  'math',
  'details[open][ontoggle]',
  'script:not([src])',
  'a[href^="javascript:"]',
  '[action^="https:"]',
  'meta[http-equiv="refresh"]',
  '[href^="https:"]',
  '[src^="https:"]',
].join(',');

const payload = (index: number): string => CORPUS[index % CORPUS.length] ?? '';

const HOSTILE_SPEC = `${SMALL_SPEC.replace('somebody@example.com', JSON.stringify(payload(1)))}
purpose: {metric: ${JSON.stringify(payload(2))}, direction: up, unit: ${JSON.stringify(payload(3))}}
sources: {${JSON.stringify(payload(4))}: {max_age: 90m, owner: ${JSON.stringify(payload(5))}}}
`;

const hostileEvents = (): object[] => [
  ...smallEvents((index) => ({
    id: `${index} ${payload(index)}`,
    version: payload(Math.floor(index / 100)),
    request_type: payload(index % 5),
    decision_id: `${index} ${payload(index + 1)}`,
    trace_id: payload(index + 2),
    error: index % 4 === 0 ? payload(index + 3) : undefined,
    features: { place: payload(index % 12) },
    slices: { place: payload(index % 12) },
    decision: { action: payload(index % 3), model_action: payload(index % 4), by: 'rule', rule: payload(index % 6) },
    cost: { cpu_ms: 1, calls: { [payload(index % 3)]: { n: 1, ms: 0.4 } } },
    arm: { assigned: 'control', served: 'control', config: payload(index + 4) },
  })),
  ...CORPUS.map((text, index) => ({ kind: 'change', model: 'small', id: `c ${text}`, what: 'deploy', ref: text, at: `2025-03-04T${String(index % 24).padStart(2, '0')}:00:00Z` })),
  ...CORPUS.map((text, index) => ({ kind: 'heartbeat', model: 'small', id: `h ${text}`, source: payload(4), rows: index, at: '2025-03-05T00:00:00Z', data_until: '2025-03-05T00:00:00Z' })),
];

/** Nothing was made, and the text is there as it was sent. */
async function checkHarmless(page: Page): Promise<void> {
  await settled(page);
  const made = await page.evaluate((selector) => [...document.querySelectorAll(selector)].map((element) => element.outerHTML.slice(0, 200)), MADE_BY_ATTACK);
  expect(made, page.url()).toEqual([]);
}

test.describe('events that hold markup', () => {
  let server: Server;

  test.beforeEach(async ({ startServer }) => {
    server = await startServer({ spec: HOSTILE_SPEC, flags: ['--replay-clock'] });
    await server.take(hostileEvents());
  });

  test('make no element and open no dialog, on any page', async ({ page }) => {
    const paths = ['/', SMALL, ...['features', 'features/place', 'inference', 'decision', 'feedback', 'compare', 'spec'].map((name) => `${SMALL}/${name}`), '/status'];
    for (const path of paths) {
      await page.goto(server.url + path);
      await checkHarmless(page);
      await expect(page.getByRole('main').getByText(/This page failed/)).toBeHidden();
    }
    for (const kind of ['prediction', 'feedback', 'heartbeat', 'change']) {
      await page.goto(`${server.url}${SMALL}/events?kind=${kind}`);
      await checkHarmless(page);
      // The table is full of them.
      await expect(page.getByRole('main').getByText('alert(1)').first()).toBeVisible();
    }
  });

  test('are shown as they were sent', async ({ page }) => {
    for (const index of [24, 48, 72, 96]) {
      const id = `${index} ${payload(index)}`;
      await page.goto(`${server.url}${SMALL}/events/${encodeURIComponent(id)}`);
      await checkHarmless(page);
      await expect(page.getByRole('heading', { level: 1 })).toContainText(payload(index).replace('\u202e', ''));
      await expect(page.getByRole('main').getByText(payload(index + 3)).first()).toBeVisible();
    }
  });

  test('are harmless in tooltips, menus, the palette and saved files', async ({ page }) => {
    await page.goto(`${server.url}${SMALL}/features/place`);
    await checkHarmless(page);
    await page.getByRole('button', { name: /^More about Values/ }).first().click();
    await page.getByRole('menuitem', { name: 'Numbers' }).click();
    await expect(page.getByRole('dialog').getByText('alert(1)').first()).toBeVisible();
    await checkHarmless(page);
    await page.keyboard.press('Escape');
    const canvas = page.getByRole('main').locator('canvas');
    for (const chart of await canvas.all()) {
      await chart.hover({ force: true });
      await checkHarmless(page);
    }
    await page.keyboard.press('Control+k');
    await expect(page.getByRole('dialog', { name: 'Search' })).toBeVisible();
    await page.keyboard.type('<img src=x onerror=alert(1)>');
    await expect(page.getByText('Nothing by that name')).toBeVisible();
    await checkHarmless(page);
  });
});

test.describe('an address that holds markup', () => {
  // The server refuses such a range.
  test.use({ expectedErrors: /400/ });

  test('makes nothing', async ({ page, startServer }) => {
    const server = await startServer({ spec: SMALL_SPEC });
    for (const text of CORPUS) {
      const escaped = encodeURIComponent(text);
      await page.goto(`${server.url}${SMALL}/features?search=${escaped}&from=${escaped}&by=${escaped}&arm=${escaped}&verdict=${escaped}&sort=${escaped}&finding=${escaped}`);
      await checkHarmless(page);
    }
  });
});

test.describe('the policy', () => {
  // The browser says what it refused.
  test.use({ expectedErrors: /Content Security Policy/ });

  test('allows files of the server only, and no inline script runs', async ({ page, startServer }) => {
    const server = await startServer({ spec: SMALL_SPEC });
    const response = await page.goto(server.url);
    const policy = new Map(
      (response?.headers()['content-security-policy'] ?? '').split(';').map((directive) => {
        const [name = '', ...sources] = directive.trim().split(/\s+/);
        return [name, sources.join(' ')];
      }),
    );
    expect(policy.get('default-src')).toMatch(/^'(none|self)'$/);
    expect(policy.get('script-src')).toBe("'self'");
    expect(policy.get('style-src')).toBe("'self'");
    expect(policy.get('connect-src') ?? policy.get('default-src')).toBe("'self'");
    expect(policy.get('object-src') ?? policy.get('default-src')).toBe("'none'");
    expect(policy.get('base-uri')).toBe("'none'");
    expect(policy.get('frame-ancestors')).toBe("'none'");
    expect(response?.headers()['x-content-type-options']).toBe('nosniff');

    await settled(page);
    const broken = await page.evaluate(async () => {
      const told = new Promise<string>((resolve) => addEventListener('securitypolicyviolation', (event) => resolve(event.violatedDirective), { once: true }));
      const script = document.createElement('script');
      script.textContent = 'document.title = "it ran"';
      document.head.append(script);
      return told;
    });
    expect(broken).toMatch(/^script-src/);
    expect(await page.title()).not.toBe('it ran');
  });
});
