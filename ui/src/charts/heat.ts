// What a heatmap of a distribution over time shows: shares a bin, their difference from the reference, and where a value lies among the bins.
import type { BinLabel } from '../api/types';
import { binWords, isNumberBin } from '../words/bins';
import { numberWords, trimZeros } from '../words/numbers';

/** One bin over time; rows go from the bottom up. */
export interface HeatRow {
  bin: BinLabel;
  name: string;
  /** One a period; null where the period has no rows at all. */
  counts: readonly (number | null)[];
  shares: readonly (number | null)[];
  referenceCount: number | null;
  referenceShare: number | null;
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
const share = (count: number, of: number): number | null => (of === 0 ? null : count / of);

/** Numbers from the smallest up, categories from the last up, what is missing lowest; bins that are empty everywhere are left out. */
export function heatRows(bins: readonly BinLabel[], windows: readonly (readonly number[])[], reference: readonly number[] | null): HeatRow[] {
  const totals = windows.map(sum);
  const referenceTotal = sum(reference ?? []);
  const rows = bins.map<HeatRow>((bin, index) => {
    const counts = windows.map((window, period) => ((totals[period] ?? 0) === 0 ? null : (window[index] ?? 0)));
    const referenceCount = reference?.[index] ?? null;
    return {
      bin,
      name: binWords(bin),
      counts,
      shares: counts.map((count, period) => (count === null ? null : share(count, totals[period] ?? 0))),
      referenceCount,
      referenceShare: referenceCount === null ? null : share(referenceCount, referenceTotal),
    };
  });
  const filled = rows.filter((row) => (row.referenceCount ?? 0) > 0 || row.counts.some((count) => (count ?? 0) > 0));
  const [missing, there] = [filled.filter((row) => row.bin === 'null'), filled.filter((row) => row.bin !== 'null')];
  return [...missing, ...(there.some((row) => isNumberBin(row.bin)) ? there : there.toReversed())];
}

/** A difference of a tenth of the rows is strong; smaller ones are never drawn up to the strongest colour. */
const STRONG_DIFFERENCE = 0.1;

/** The difference that has the strongest colour. */
export function strongest(rows: readonly HeatRow[]): number {
  const differences = rows.flatMap((row) => row.shares.map((each) => (each === null ? 0 : Math.abs(each - (row.referenceShare ?? 0)))));
  return Math.max(STRONG_DIFFERENCE, ...differences);
}

/** Where a value lies on an axis on which every row is one high; null where no row can hold it. */
export function placeOf(rows: readonly HeatRow[], value: number): number | null {
  for (const [index, { bin }] of rows.entries()) {
    if (typeof bin === 'string' || 'category' in bin) continue;
    if ('under' in bin && value < bin.under) return index + 0.5;
    if ('value' in bin && value === bin.value) return index + 0.5;
    if ('over' in bin && value > bin.over) return index + 0.5;
    if (!('range' in bin)) continue;
    const { above, up_to } = bin.range;
    if ((above !== null && value <= above) || (up_to !== null && value > up_to)) continue;
    return above === null || up_to === null ? index + 0.5 : index + (value - above) / (up_to - above);
  }
  return null;
}

export interface HeatTick {
  /** In rows from the bottom. */
  at: number;
  words: string;
}

/** Numbers are named at the edges between rows, everything else in the middle of its row; never two closer than `apart` rows. */
export function heatTicks(rows: readonly HeatRow[], apart: number): HeatTick[] {
  const ticks: HeatTick[] = [];
  for (const [index, { bin, name }] of rows.entries()) {
    const below = lowerEdge(bin) ?? upperEdge(rows[index - 1]?.bin);
    if (below !== null && (index > 0 || lowerEdge(bin) !== null)) ticks.push({ at: index, words: edgeWords(below) });
    if (typeof bin === 'string' || 'category' in bin || 'value' in bin) ticks.push({ at: index + 0.5, words: cut(name) });
    const isLast = index === rows.length - 1;
    const above = upperEdge(bin);
    if (isLast && above !== null) ticks.push({ at: index + 1, words: edgeWords(above) });
  }
  return ticks.filter((tick, index) => index === 0 || tick.at - lastKept(ticks, index, apart) >= apart);
}

/** The place of the last tick before this one that is kept. */
function lastKept(ticks: readonly HeatTick[], index: number, apart: number): number {
  let kept = -Infinity;
  for (const tick of ticks.slice(0, index)) if (tick.at - kept >= apart) kept = tick.at;
  return kept;
}

function lowerEdge(bin: BinLabel): number | null {
  if (typeof bin === 'string') return null;
  if ('range' in bin) return bin.range.above;
  return 'over' in bin ? bin.over : null;
}

function upperEdge(bin: BinLabel | undefined): number | null {
  if (bin === undefined || typeof bin === 'string') return null;
  if ('range' in bin) return bin.range.up_to;
  return 'under' in bin ? bin.under : null;
}

const edgeWords = (edge: number): string => trimZeros(numberWords(edge));
const cut = (name: string): string => (name.length > 9 ? `${name.slice(0, 8)}…` : name);

/** A share as it fits into a cell. */
export function cellWords(share: number): string {
  if (share === 0) return '0';
  return share < 0.005 ? '<1 %' : `${Math.round(share * 100)} %`;
}
