// Checks the arithmetic of promises and cost.
import { expect, test } from 'vitest';
import type { Inference, Series } from '../../api/types';
import { keptWords, latestVerdict } from '../../finding/SeriesTable';
import { budgetOf, costShares, isAbove } from './promises';
import { parseGrouping } from './Requests';

const series = (more: Partial<Series>): Series => ({
  arm: 'a',
  arrow: 'inference',
  monitor: 'errors',
  subject: 'error_rate',
  slice: null,
  convention: 'share/wilson',
  limit: { at_most: 0.001 },
  values: [3 / 7_000, null, 0],
  low: [],
  high: [],
  noise_floor: [],
  reference_value: null,
  rows: [7_000, 0, 5_000],
  reference_rows: 0,
  verdicts: [],
  ...more,
});

test('failures are counted back from the shares, against those that are allowed', () => {
  expect(budgetOf(series({}))).toEqual({ failed: 3, allowed: 12 });
  expect(budgetOf(series({ subject: 'availability', limit: { at_least: 0.999 }, values: [6_997 / 7_000, null, 1] }))).toEqual({ failed: 3, allowed: 12 });
  expect(budgetOf(series({ values: [null, null, null] }))).toBeNull();
  expect(budgetOf(series({ limit: null }))).toBeNull();
  expect(budgetOf(series({ monitor: 'latency' }))).toBeNull();
});

test('a promise is kept in the healthy ones of the periods that were judged', () => {
  expect(keptWords(['healthy', 'broken', 'no_data', 'insufficient_sample', 'healthy'])).toBe('2 of 3 periods');
  expect(keptWords(['healthy'])).toBe('1 of 1 period');
  expect(keptWords(['not_observed', 'no_data'])).toBe('–');
  expect(latestVerdict(['broken', 'healthy', 'insufficient_sample', 'no_data'])).toBe('healthy');
  expect(latestVerdict(['not_observed', 'no_data'])).toBe('not_observed');
  expect(latestVerdict([])).toBe('no_data');
});

test('a figure is above its target only where there are both', () => {
  expect([isAbove(151, 150), isAbove(150, 150), isAbove(null, 150), isAbove(151, null)]).toEqual([true, false, false, false]);
});

test('the parts of the cost come by their size', () => {
  const cost = { per_1k: 0.4, parts: [{ name: 'cpu', per_1k: 0.1 }, { name: 'redis', per_1k: 0.3 }] } as Inference['cost'];
  expect(costShares(cost).map(({ name, share }) => [name, Math.round(share * 100)])).toEqual([['redis', 75], ['cpu', 25]]);
  expect(costShares({ ...cost, per_1k: null })[0]?.share).toBe(0);
});

test('requests are grouped by what the route knows', () => {
  expect([parseGrouping('arm'), parseGrouping('request_type'), parseGrouping('country')]).toEqual(['arm', 'request_type', 'version']);
});
