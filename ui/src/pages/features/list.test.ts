// Checks what the table of features asks for, and what it saves.
import { expect, test } from 'vitest';
import { joined } from '../../api/feature-pages';
import type { FeatureRow, Features } from '../../api/types';
import { csvOf } from '../../charts/save';
import { commonLimit, featureNumbers, parseSort, parseVerdict, pressedSort, verdictsOf, writeSort } from './list';

const row = (feature: string, more: Partial<FeatureRow> = {}): FeatureRow => ({
  feature,
  type: 'number',
  unit: null,
  privacy: 'public',
  source: null,
  is_required: false,
  verdict: 'healthy',
  verdicts: ['healthy'],
  broken_since: null,
  drift: 0.1,
  drift_peak: 0.1,
  drift_limit: 0.2,
  drift_convention: 'psi/quantile10+heavy+range+null',
  drifts: [0.1],
  harm: null,
  missing_share: 0,
  defaulted_share: 0,
  stale_share: null,
  invalid_share: 0,
  costs: null,
  rows: 10,
  ...more,
});

const page = (total: number, ...features: FeatureRow[]): Features => ({
  scope: { model: 'm', arm: 'a', from: '', to: '', by: 'day', timezone: 'UTC', as_of_offset: 1, latest_event_at: null, known: null },
  total,
  periods: [],
  features,
});

test('the order reads from the address and back; names begin at A, figures at the largest', () => {
  expect(parseSort('drift')).toEqual({ column: 'drift', order: 'desc' });
  expect(parseSort('name')).toEqual({ column: 'name', order: 'asc' });
  expect(parseSort('missing.asc')).toEqual({ column: 'missing', order: 'asc' });
  expect(parseSort('nothing.sideways')).toEqual({ column: 'attention', order: 'desc' });
  for (const text of ['drift', 'drift.asc', 'name', 'name.desc']) expect(writeSort(parseSort(text))).toBe(text);
});

test('the first press on a heading gives its own first order, the second turns it', () => {
  const drift = parseSort('drift');
  expect(pressedSort({ column: 'name', order: 'desc' }, drift)).toEqual({ column: 'name', order: 'asc' });
  expect(pressedSort({ column: 'drift', order: 'asc' }, drift)).toEqual({ column: 'drift', order: 'asc' });
});

test('no verdict stands for all that say neither good nor bad', () => {
  expect(verdictsOf(parseVerdict('broken'))).toBe('broken');
  expect(verdictsOf(parseVerdict('nonsense'))).toBeUndefined();
  expect(verdictsOf('unsure')?.split(',').toSorted()).toEqual(['insufficient_sample', 'labels_pending', 'no_data', 'not_observed', 'unjudged']);
});

test('pages join without a feature twice, and the newest total holds', () => {
  const loaded = joined([page(4, row('a'), row('b')), page(3, row('b', { rows: 11 }), row('c'))]);
  expect(loaded?.rows.map((each) => each.feature)).toEqual(['a', 'b', 'c']);
  expect(loaded?.rows[1]?.rows).toBe(11);
  expect(loaded?.total).toBe(3);
  expect(joined([])).toBeUndefined();
});

test('a limit is told once only where it is the same for all', () => {
  expect(commonLimit([row('a'), row('b', { drift_limit: null })])).toBe(0.2);
  expect(commonLimit([row('a'), row('b', { drift_limit: 0.3 })])).toBeNull();
});

test('the saved rows keep what is not known empty', () => {
  const [heading, first] = csvOf(featureNumbers([row('=temp', { unit: '°F', broken_since: { start: '', end: '', label: '2013-04' } })])).split('\r\n');
  expect(heading?.split(',')).toHaveLength(21);
  expect(first).toBe("'=temp,number,°F,public,,no,Healthy,2013-04,0.1,0.1,0.2,psi/quantile10+heavy+range+null,,0,0,,0,,,,10");
});
