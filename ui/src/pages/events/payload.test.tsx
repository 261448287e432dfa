// Renders the pages of events with hostile payloads in every text they show: all of it must stay text.
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createMemoryHistory, createRootRoute, createRoute, createRouter, RouterProvider } from '@tanstack/react-router';
import { act, cleanup, render, waitFor } from '@testing-library/react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { EventDetail, EventRow, Events } from '../../api/types';
import { LiveProvider } from '../../app/live';
import { parseSearch, stringifySearch, validateSearch } from '../../scope/search';
import { EventPage } from './EventPage';
import { EventsPage } from './EventsPage';
import type { Kind } from './filters';

const CORPUS = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '<svg onload=alert(1)><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>',
  '<svg><animate onbegin=alert(1) attributeName=x dur=1s></svg>',
  '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
  '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
  '<a href="javascript:alert(1)">here</a>',
  'javascript:alert(1)',
  'JaVaScRiPt&colon;alert(1)',
  'data:text/html,<script>alert(1)</script>',
  '//evil.example/x',
  'https://evil.example/?q=<b>1</b>',
  '{{constructor.constructor("alert(1)")()}}',
  '${alert(1)}#{alert(1)}<%= alert(1) %>[[${alert(1)}]]',
  '<b>bold</b><i>italic</i><u>under</u>',
  '&lt;script&gt;alert(1)&lt;/script&gt;',
  '<style>*{display:none}</style><link rel=stylesheet href=//evil.example>',
  '<form action="javascript:alert(1)"><button>go</button></form>',
  '<base href="//evil.example/"><meta http-equiv=refresh content="0;url=//evil.example">',
  '</bdi></td></tr></table><script>alert(1)</script>',
  '</title></head><body onload=alert(1)>',
  '\u202Egnp.exe\u202C',
  '../../../../etc/passwd',
  'a/b?c=d#e&f=%2F%00',
  '__proto__',
  'constructor',
] as const;

/** What payloads would make, and no page of events has. */
const FORBIDDEN = new Set(
  'script img iframe object embed base meta link style form math mtext mglyph b i u text animate title body'.split(' '),
);

const KINDS: readonly Kind[] = ['prediction', 'feedback', 'heartbeat', 'change'];
/** One of markup, one of an attribute that is left, one of a template. */
const FEW = [CORPUS[0], CORPUS[2], CORPUS[14]] as const;
const AT = '2013-12-31T23:30:00Z';

function rowOf(payload: string, kind: Kind): EventRow {
  const isPrediction = kind === 'prediction';
  return {
    kind,
    id: payload,
    at: AT,
    received_at: AT,
    arm: payload,
    version: payload,
    request_type: payload,
    decision_id: payload,
    output: payload,
    score: 0.5,
    action: payload,
    decided_by: payload,
    latency_ms: 7,
    error: isPrediction ? payload : null,
    slices: { [payload]: payload },
    name: payload,
    value: kind === 'heartbeat' ? AT : payload,
    prediction_id: isPrediction ? null : payload,
    source: payload,
    what: payload,
    reference: payload,
  };
}

function detailOf(payload: string, kind: Kind): EventDetail {
  const row = rowOf(payload, kind);
  return {
    event: row,
    offset: 1,
    features: [
      { feature: payload, value: payload, reason_invalid: payload, status: payload, event_at: AT, source: payload },
      { feature: 'other', value: payload, reason_invalid: null, status: payload, event_at: null, source: payload },
    ],
    capture: { reason: payload, probability: 0.5 },
    everything: {
      [payload]: payload,
      rule: payload,
      model_action: `${payload} `,
      trace_id: payload,
      arm_assigned: payload,
      arm_config: payload,
      subject: payload,
      item: payload,
      entity: payload,
      probabilities: { [payload]: 0.7 },
      calls: { [payload]: { n: 1, ms: 2 } },
      feature_meta: { [payload]: { ms: 1, calls: 1 } },
    },
    feedback: [{ name: payload, value: payload, at: AT, known_at: AT, received_at: AT }],
    siblings: [{ ...rowOf(payload, 'prediction'), error: null }],
    redacted: [`features.${payload}: ${payload}`, payload],
  };
}

const SCOPE: Events['scope'] = {
  model: 'm',
  arm: 'control',
  from: '2013-01-01T00:00:00Z',
  to: '2014-01-01T00:00:00Z',
  by: 'month',
  timezone: 'UTC',
  as_of_offset: 1,
  latest_event_at: AT,
  known: null,
};

function answerOf(payload: string, kind: Kind, path: string): unknown {
  if (/\/events\/[^/]+$/.test(path)) return detailOf(payload, kind);
  if (path.endsWith('/events')) return { scope: SCOPE, kind, events: CORPUS.map((each) => rowOf(each, kind)), next: null };
  if (path.endsWith('/specs')) return { model: 'm', versions: [{ number: 1, created_at: AT, content_hash: payload, is_current: true }] };
  if (path.endsWith('/specs/1')) {
    const spec = {
      features: { [payload]: { type: 'text', unit: payload, source: payload, privacy: 'public' } },
      slices: [payload],
      decision: { actions: [payload] },
      feedback: { label: payload, horizon: '1w' },
    };
    return { model: 'm', number: 1, created_at: AT, content_hash: payload, is_current: true, yaml: payload, spec };
  }
  if (path.endsWith('/windows')) {
    return { scope: SCOPE, periods: [], arms: [{ arm: payload, is_live: true, versions: [payload], rows: [], labelled: [], arrows: [] }], markers: [], reference: null };
  }
  return { scope: SCOPE, slices: [{ name: payload, values: [{ value: payload, rows: 1, labelled: 0, verdict: 'healthy', metrics: [] }] }] };
}

async function show(address: string, kind: Kind, payload: string): Promise<HTMLElement> {
  vi.stubGlobal(
    'fetch',
    vi.fn(async (input: string) => Response.json(answerOf(payload, kind, new URL(input, 'http://quiver').pathname))),
  );
  const root = createRootRoute({ validateSearch });
  const routeTree = root.addChildren([
    createRoute({ getParentRoute: () => root, path: '/models/$model/events', component: EventsPage }),
    createRoute({ getParentRoute: () => root, path: '/models/$model/events/$id', component: EventPage }),
  ]);
  const history = createMemoryHistory({ initialEntries: [address] });
  const router = createRouter({ routeTree, history, parseSearch, stringifySearch });
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  let container: HTMLElement = document.body;
  await act(async () => {
    ({ container } = render(
      <QueryClientProvider client={queries}>
        <LiveProvider>
          <RouterProvider router={router as never} />
        </LiveProvider>
      </QueryClientProvider>,
    ));
    await router.load();
  });
  return container;
}

/** The text is there letter by letter, and nothing was made of it. */
async function expectTextOnly(container: HTMLElement, payloads: readonly string[]): Promise<void> {
  await waitFor(() => expect(payloads.filter((payload) => !container.textContent.includes(payload))).toEqual([]));
  for (const element of container.querySelectorAll('*')) {
    const tag = element.localName;
    if (FORBIDDEN.has(tag) || (tag === 'a' && element.closest('svg') !== null)) throw new Error(`markup: ${element.outerHTML}`);
    for (const { name, value } of element.attributes) {
      if (/^on|^srcdoc$/i.test(name)) throw new Error(`a handler: ${name}`);
      if (/^(xlink:)?href$|^src$|action$/.test(name) && !value.startsWith('/models/')) throw new Error(`a link: ${value}`);
    }
  }
}

const alerted = vi.fn();

beforeEach(() => {
  vi.stubGlobal('alert', alerted);
  // Without a height a table draws no row.
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(3_000);
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(1_000);
});

afterEach(() => {
  cleanup();
  expect(alerted).not.toHaveBeenCalled();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test.each(CORPUS)('one prediction with %j in every text', async (payload) => {
  await expectTextOnly(await show('/models/m/events/p-1', 'prediction', payload), [payload]);
});

test.each(KINDS.flatMap((kind) => FEW.map((payload) => [kind, payload] as const)))('one %s with %j', async (kind, payload) => {
  await expectTextOnly(await show(`/models/m/events/p-1?kind=${kind}`, kind, payload), [payload]);
});

test.each(KINDS)('the list of each %s, a row of each text', async (kind) => {
  await expectTextOnly(await show(`/models/m/events?kind=${kind}`, kind, 'x'), CORPUS);
});

test.each(FEW)('filters with %j', async (payload) => {
  const query = new URLSearchParams({ id: payload, version: payload, action: payload, slice_name: payload, slice_value: payload });
  await expectTextOnly(await show(`/models/m/events?${query}`, 'prediction', payload), [payload]);
});

test('an id leads to its own page whatever letters it has', async () => {
  const container = await show('/models/m/events', 'prediction', 'x');
  const links = (): string[] => [...container.querySelectorAll('tbody a')].map((link) => link.getAttribute('href') ?? '');
  await waitFor(() => expect(links()).toHaveLength(CORPUS.length));
  expect(links().map((href) => decodeURIComponent(href.replace('/models/m/events/', '')))).toEqual([...CORPUS]);
  // A slash of an id is none of the address.
  for (const href of links()) expect(href.split('/')).toHaveLength(5);
});
