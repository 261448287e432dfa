// Checks the arithmetic of the feedback page: delays, pending stretches, shares of labels.
import { expect, test } from 'vitest';
import { durationStep, durationTick, outline, quantileOf } from './delay';
import { labelShares, pendingStretches } from './quality';

test('a time axis has round steps that people read', () => {
  expect(durationStep(37_800)).toBe(2 * 3_600);
  expect(durationStep(28_000)).toBe(3_600);
  expect(durationStep(700_000)).toBe(2 * 86_400);
  expect([0, 30, 300, 3_600, 7_200, 5_400, 86_400, 172_800].map(durationTick)).toEqual(['0', '30 s', '5 min', '1 h', '2 h', '90 min', '24 h', '2 d']);
});

test('bars become an outline that ends on the ground', () => {
  expect(outline([{ from_seconds: 0, to_seconds: 10, rows: 3 }])).toEqual([
    [0, 3],
    [10, 0],
  ]);
  expect(outline([])).toEqual([]);
});

test('a quantile is only told where the API gave it', () => {
  const delay = { rows: 1, quantiles: [{ share: 0.5, seconds: 60 }], bars: [], expected_p50_seconds: null, expected_p95_seconds: null };
  expect(quantileOf(delay, 0.5)).toBe(60);
  expect(quantileOf(delay, 0.95)).toBeNull();
});

test('neighbouring periods that wait for labels are one stretch', () => {
  const periods = ['2013-10', '2013-11', '2013-12'].map((label, index) => ({ label, start: `2013-${10 + index}-01`, end: index === 2 ? '2014-01-01' : `2013-${11 + index}-01` }));
  const stretches = pendingStretches({ verdicts: ['healthy', 'labels_pending', 'labels_pending'] }, periods);
  expect(stretches).toMatchObject([{ start: '2013-11-01', end: '2014-01-01' }]);
  expect(labelShares({ predictions: [10, 0], labelled: [4, 0] })).toEqual([0.4, null]);
});
