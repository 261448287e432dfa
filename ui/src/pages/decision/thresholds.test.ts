// Checks the arithmetic of the threshold explorer.
import { expect, test } from 'vitest';
import type { ThresholdPoint } from '../../api/types';
import { bestPoint, labelledRows, pointAt, readThreshold } from './thresholds';

const point = (threshold: number, f1: number | null): ThresholdPoint => ({
  threshold,
  decided_share: 0.5,
  precision: 0.5,
  recall: 0.5,
  f1,
  true_positives: 1,
  false_positives: 2,
  true_negatives: 3,
  false_negatives: 4,
});
const points = [point(0, 0.2), point(0.5, 0.6), point(0.75, 0.6), point(1, null)];

test('the nearest point answers for a threshold', () => {
  expect(pointAt(points, 0.52)?.threshold).toBe(0.5);
  expect(pointAt([], 0.5)).toBeUndefined();
});

test('the best F1 is the lowest threshold of equals, and unknown ones do not count', () => {
  expect(bestPoint(points)?.threshold).toBe(0.5);
  expect(bestPoint([point(0.1, null)])).toBeUndefined();
  expect(labelledRows(point(0.1, 0))).toBe(10);
});

test('an address may hold any text', () => {
  expect(readThreshold('0.42', points)).toBe(0.42);
  for (const text of ['', 'high', '7', '-1']) expect(readThreshold(text, points)).toBeNull();
});
