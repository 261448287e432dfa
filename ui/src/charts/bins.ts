// Which bins a histogram draws: numbers in their order, categories by their rows, and what is left of them.
import type { BinLabel } from '../api/types';
import { binWords, isNumberBin } from '../words/bins';

export interface Bin {
  name: string;
  current: number;
  reference: number | null;
}

export interface DrawnBins {
  bins: Bin[];
  /** The categories that are not drawn, added up: as a bar they would dwarf the others. */
  rest: Bin | null;
}

type Counts = readonly number[];

/** Numbers keep their order and lose empty ends; of categories the largest are drawn. */
export function drawnBins(labels: readonly BinLabel[], current: Counts, reference: Counts | null, most: number): DrawnBins {
  const all = labels.map((label, index) => ({
    name: binWords(label),
    isNumber: isNumberBin(label),
    current: current[index] ?? 0,
    reference: reference === null ? null : (reference[index] ?? 0),
  }));
  const there = all.filter((bin) => bin.current > 0 || (bin.reference ?? 0) > 0);
  if (there.some((bin) => bin.isNumber)) return { bins: there, rest: null };
  const rows = (bin: Bin): number => bin.current + (bin.reference ?? 0);
  const sorted = there.toSorted((left, right) => rows(right) - rows(left));
  const rest = sorted.slice(most);
  return {
    bins: sorted.slice(0, most),
    rest:
      rest.length === 0
        ? null
        : {
            name: rest.length === 1 ? '1 other' : `${rest.length} others`,
            current: rest.reduce((sum, bin) => sum + bin.current, 0),
            reference: reference === null ? null : rest.reduce((sum, bin) => sum + (bin.reference ?? 0), 0),
          },
  };
}
