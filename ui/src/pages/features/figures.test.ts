// Checks the arithmetic on the counts of a column.
import { expect, test } from 'vitest';
import type { BinLabel, ColumnFigures, Period, Series, Verdict } from '../../api/types';
import { declaredFacts } from './Declared';
import { reasonWords } from '../../words/reasons';
import { ageIsUnknown, brokenSince, invalidRows, largestBins, sharesOver } from './figures';

const figures = (more: Partial<ColumnFigures>): ColumnFigures => ({
  rows: 10,
  missing: 0,
  defaulted: 0,
  stale: 0,
  fresh: 0,
  invalid: {},
  bins: [],
  mean: null,
  values: [],
  standard_deviation: null,
  quantiles: null,
  distinct: null,
  costs: null,
  ...more,
});
const periods: Period[] = ['2013-01', '2013-02', '2013-03'].map((label) => ({ start: label, end: label, label }));
const series = (...verdicts: Verdict[]): Series => ({
  arm: 'a',
  arrow: 'features',
  monitor: 'range',
  subject: 'x',
  slice: null,
  convention: '',
  limit: null,
  values: [],
  low: [],
  high: [],
  noise_floor: [],
  reference_value: null,
  rows: [],
  reference_rows: 0,
  verdicts,
});

test('shares are of the rows of their own period, and unknown where there are none', () => {
  const windows = [figures({ missing: 1 }), null, figures({ rows: 0 }), figures({ rows: 4, missing: 4 })];
  expect(sharesOver(windows, ({ missing }) => missing)).toEqual([0.1, null, null, 1]);
  expect(invalidRows(figures({ invalid: { range: 2, type: 1 } }))).toBe(3);
});

test('the largest categories come first, without what is missing and what never came', () => {
  const bins: BinLabel[] = [{ category: 'a' }, { category: 'b' }, { category: 'never' }, 'unseen', 'null'];
  const windows = [figures({ bins: [1, 4, 0, 1, 4] }), figures({ bins: [2, 5, 0, 0, 3] })];
  const largest = largestBins(bins, windows, 2);
  expect(largest.map((bin) => bin.name)).toEqual(['b', 'a']);
  expect(largest[1]?.shares).toEqual([0.1, 0.2]);
  expect(largestBins(bins, windows, 9).map((bin) => bin.name)).toEqual(['b', 'a', 'unseen']);
});

test('a feature is broken since the run of broken periods began that lasts until now', () => {
  expect(brokenSince([series('healthy', 'broken', 'broken')], periods)?.label).toBe('2013-02');
  expect(brokenSince([series('broken', 'healthy', 'no_data'), series('healthy', 'healthy', 'broken')], periods)?.label).toBe('2013-03');
  expect(brokenSince([series('broken', 'no_data', 'not_observed')], periods)?.label).toBe('2013-01');
  expect(brokenSince([series('broken', 'broken', 'healthy')], periods)).toBeNull();
});

test('the age of values is unknown where staleness is judged and never measured', () => {
  const stale = { ...series('not_observed'), monitor: 'stale' as const, values: [null] };
  expect(ageIsUnknown([stale])).toBe(true);
  expect(ageIsUnknown([{ ...stale, values: [0] }])).toBe(false);
  expect(ageIsUnknown([])).toBe(false);
});

test('what the spec declares reads in one line', () => {
  const facts = declaredFacts({
    name: 'temp',
    type: 'number',
    unit: '°F',
    privacy: 'free_text',
    source: 'weather',
    is_required: true,
    range: [-40, 130],
    values: null,
    max_age_seconds: 5_400,
  });
  expect(facts.map(({ name, value }) => `${name} ${value}`)).toEqual([
    'Type number, °F',
    'Range -40 to 130',
    'Source weather, at most 90 min old',
    'Privacy free text',
    'Required yes',
  ]);
  expect(reasonWords('range')).toBe('outside the declared range');
  expect(reasonWords('some_new_one')).toBe('some new one');
  expect(reasonWords('constructor')).toBe('constructor');
});
