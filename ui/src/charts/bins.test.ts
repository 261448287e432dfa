// Checks which bins a histogram draws.
import { expect, test } from 'vitest';
import type { BinLabel } from '../api/types';
import { drawnBins } from './bins';

test('numbers keep their order and lose bins that nobody is in', () => {
  const labels: BinLabel[] = [{ under: 0 }, { range: { above: 0, up_to: 5 } }, { over: 5 }, 'null'];
  const drawn = drawnBins(labels, [0, 3, 9, 1], [0, 8, 0, 0], 2);
  expect(drawn.bins.map((bin) => bin.name)).toEqual(['0 – 5', '> 5', 'missing']);
  expect(drawn.rest).toBeNull();
});

test('the largest categories are drawn, by the rows of both sides, and the rest is added up', () => {
  const labels: BinLabel[] = ['a', 'b', 'c', 'd'].map((category) => ({ category }));
  const drawn = drawnBins(labels, [1, 5, 2, 2], [9, 0, 1, 2], 2);
  expect(drawn.bins.map((bin) => bin.name)).toEqual(['a', 'b']);
  expect(drawn.rest).toEqual({ name: '2 others', current: 4, reference: 3 });
  expect(drawnBins(labels, [1, 5, 2, 0], null, 2).rest).toEqual({ name: '1 other', current: 1, reference: null });
});
