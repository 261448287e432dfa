// Checks what a series says last.
import { expect, test } from 'vitest';
import type { Series, Verdict } from '../api/types';
import { latestOf, latestWords, mostTelling } from './latest';

const periods = ['2013-01', '2013-02', '2013-03', '2013-04'].map((label) => ({ label, start: `${label}-01T00:00:00Z`, end: `${label}-28T00:00:00Z` }));

function series(verdicts: Verdict[], values: (number | null)[] = verdicts.map(() => 1)): Series {
  const nothing = verdicts.map(() => null);
  const shared = { arm: 'control', arrow: 'decision', monitor: 'decision_rate', subject: 'decision_rate' } as const;
  return { ...shared, slice: null, convention: '', limit: null, values, low: nothing, high: nothing, noise_floor: nothing, reference_value: null, rows: verdicts.map(() => 10), reference_rows: 0, verdicts };
}

test('a broken run lasts through periods that say nothing', () => {
  const latest = latestOf(series(['healthy', 'broken', 'broken', 'labels_pending'], [1, 2, 3, 4]), periods);
  expect(latest).toMatchObject({ value: 3, verdict: 'broken' });
  expect(latest && latestWords(latest)).toBe('Broken since Feb 2013');
});

test('what healed is not broken', () => {
  const latest = latestOf(series(['broken', 'broken', 'healthy', 'no_data']), periods);
  expect(latest && latestWords(latest)).toBe('Healthy');
  expect(latestOf(series(['not_observed'], [null]), periods)).toBeNull();
});

test('the most telling series is broken last, then broken ever', () => {
  const [good, healed, bad] = [series(['healthy', 'healthy']), series(['broken', 'healthy']), series(['healthy', 'broken'])];
  expect(mostTelling([good, healed, bad])).toBe(bad);
  expect(mostTelling([good, healed])).toBe(healed);
  expect(mostTelling([])).toBeUndefined();
});
