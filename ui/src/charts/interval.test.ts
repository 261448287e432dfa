// Checks the arithmetic of values with intervals.
import { expect, test } from 'vitest';
import { against, commonRange, limitEnds, roundTicks } from './interval';

test('a limit is missed for certain only when the whole interval lies beyond it', () => {
  expect(against({ at_least: 0.1 }, 0.12, [0.09, 0.15])).toBe('within');
  expect(against({ at_least: 0.1 }, 0.09, [0.08, 0.11])).toBe('perhaps');
  expect(against({ at_least: 0.1 }, 0.05, [0.04, 0.06])).toBe('beyond');
  expect(against({ at_most: 0.1 }, 0.2, [0.15, 0.3])).toBe('beyond');
  expect(against({ within: [0.1, 0.2] }, 0.3, null)).toBe('perhaps');
  expect(against(null, 1, null)).toBeNull();
});

test('ticks are round and inside', () => {
  expect(roundTicks([0, 0.648])).toEqual([0, 0.2, 0.4, 0.6]);
  expect(roundTicks([-3, 61])).toEqual([0, 20, 40, 60]);
  expect(roundTicks([1, 1])).toEqual([1]);
});

test('the common line holds everything that is known', () => {
  const [low, high] = commonRange([0.2, null, 0.8, undefined]);
  expect(low).toBeLessThan(0.2);
  expect(high).toBeGreaterThan(0.8);
  expect(commonRange([null])).toEqual([0, 1]);
  expect(limitEnds({ within: [1, 2] })).toEqual([1, 2]);
});
