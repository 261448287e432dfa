// Checks what a heatmap is made of: rows, ticks and the place of a value.
import { expect, test } from 'vitest';
import type { BinLabel } from '../api/types';
import { cellWords, heatRows, heatTicks, placeOf, strongest } from './heat';

const BINS: BinLabel[] = [
  { under: 0 },
  { range: { above: 0, up_to: 0.2 } },
  { value: 0.25 },
  { range: { above: 0.2, up_to: 1 } },
  { over: 1 },
  'null',
];
const rows = heatRows(BINS, [[0, 50, 0, 40, 0, 10], [], [0, 0, 0, 100, 0, 0]], [0, 10, 10, 80, 0, 0]);

test('rows go up from the smallest number, what is missing lies lowest, empty bins are left out', () => {
  expect(rows.map((row) => row.name)).toEqual(['missing', '0 – 0.2', '= 0.25', '0.2 – 1']);
  expect(rows[1]?.shares).toEqual([0.5, null, 0]);
  expect(rows[3]?.referenceShare).toBe(0.8);
  expect(strongest(rows)).toBeCloseTo(0.4);
});

test('categories keep their order from the top down', () => {
  const categories = heatRows([{ category: 'a' }, { category: 'b' }, 'unseen'], [[1, 1, 0]], [1, 1, 0]);
  expect(categories.map((row) => row.name)).toEqual(['b', 'a']);
});

test('a value lies inside the bin that holds it, in proportion', () => {
  expect(placeOf(rows, 0.1)).toBeCloseTo(1.5);
  expect(placeOf(rows, 0.6)).toBeCloseTo(3.5);
  expect(placeOf(rows, 0.25)).toBe(2.5);
  expect(placeOf(rows, 7)).toBeNull();
});

test('edges are named between the rows, and none too close to another', () => {
  expect(heatTicks(rows, 0.1)).toEqual([
    { at: 0.5, words: 'missing' },
    { at: 1, words: '0' },
    { at: 2, words: '0.2' },
    { at: 2.5, words: '= 0.25' },
    { at: 3, words: '0.2' },
    { at: 4, words: '1' },
  ]);
  expect(heatTicks(rows, 1).map((tick) => tick.at)).toEqual([0.5, 2, 3, 4]);
});

test('shares in cells are short', () => {
  expect([0, 0.001, 0.104, 1].map(cellWords)).toEqual(['0', '<1 %', '10 %', '100 %']);
});
