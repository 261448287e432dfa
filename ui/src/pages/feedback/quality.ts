// What the charts of quality share: which periods still wait for labels, and how much of them is in.
import type { Performance, Period, Series } from '../../api/types';

/** The share of each period's predictions that have a label. */
export const labelShares = ({ predictions, labelled }: Pick<Performance, 'predictions' | 'labelled'>): (number | null)[] =>
  predictions.map((rows, index) => (rows === 0 ? null : (labelled[index] ?? 0) / rows));

export interface PendingStretch {
  start: string;
  end: string;
  name: string;
  look: 'hatched';
}

/** The stretches in which a series waits for labels; neighbours are one. */
export function pendingStretches(series: Pick<Series, 'verdicts'>, periods: readonly Period[]): PendingStretch[] {
  const stretches: PendingStretch[] = [];
  for (const [index, period] of periods.entries()) {
    if (series.verdicts[index] !== 'labels_pending') continue;
    const last = stretches.at(-1);
    if (last !== undefined && last.end === period.start) last.end = period.end;
    else stretches.push({ start: period.start, end: period.end, name: 'Labels pending', look: 'hatched' });
  }
  return stretches;
}
