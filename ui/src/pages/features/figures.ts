// Arithmetic on the counts of a column: shares over periods, categories over time, since when a feature is broken.
import type { BinLabel, ColumnFigures, Period, Series } from '../../api/types';
import { binWords } from '../../words/bins';

type Windows = readonly (ColumnFigures | null)[];

export const invalidRows = (figures: ColumnFigures): number =>
  Object.values(figures.invalid).reduce((sum, rows) => sum + rows, 0);

/** A part of the rows; null where there are none. */
export const shareOf = (part: number, rows: number): number | null => (rows === 0 ? null : part / rows);

/** A share of each period's rows. */
export const sharesOver = (windows: Windows, part: (figures: ColumnFigures) => number): (number | null)[] =>
  windows.map((figures) => (figures === null ? null : shareOf(part(figures), figures.rows)));

export interface BinOverTime {
  name: string;
  /** Its share of the rows of each period. */
  shares: (number | null)[];
}

/** The categories with the most rows over the periods, the largest first; what is missing is shown elsewhere. */
export function largestBins(bins: readonly BinLabel[], windows: Windows, most: number): BinOverTime[] {
  const counted = bins.map((label, bin) => ({
    label,
    bin,
    rows: windows.reduce((sum, figures) => sum + (figures?.bins[bin] ?? 0), 0),
  }));
  return counted
    .filter(({ label, rows }) => label !== 'null' && rows > 0)
    .toSorted((left, right) => right.rows - left.rows)
    .slice(0, most)
    .map(({ label, bin }) => ({ name: binWords(label), shares: sharesOver(windows, (figures) => figures.bins[bin] ?? 0) }));
}

/** The first of the broken periods that last until the latest one which says anything; null where the feature holds. */
export function brokenSince(series: readonly Series[], periods: readonly Period[]): Period | null {
  let since: Period | null = null;
  for (const [index, period] of [...periods.entries()].reverse()) {
    const verdicts = series.map((each) => each.verdicts[index]);
    if (verdicts.includes('broken')) since = period;
    else if (verdicts.includes('healthy') || verdicts.includes('drifted')) break;
  }
  return since;
}

/** An age is promised, and no period could be judged by it. */
export const ageIsUnknown = (series: readonly Series[]): boolean =>
  series.some(({ monitor, values }) => monitor === 'stale' && values.every((value) => value === null));
