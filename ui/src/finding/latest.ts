// The last that a series says: its latest figure, its latest judgement, and since when it is broken.
import type { Period, Series, Verdict } from '../api/types';
import { VERDICTS, verdictRank } from '../words/verdicts';
import { shortPeriodWords } from '../words/times';

export interface Latest {
  /** Of the latest period that was judged and has a figure; of the latest with a figure where none was judged. */
  value: number;
  period: Period;
  rows: number;
  verdict: Verdict;
  brokenSince: Period | null;
}

const isJudged = (verdict: Verdict): boolean => verdict === 'broken' || verdict === 'drifted' || verdict === 'healthy';

export function latestOf(series: Series, periods: readonly Period[]): Latest | null {
  const judged = series.verdicts.findLastIndex((verdict, place) => isJudged(verdict) && (series.values[place] ?? null) !== null);
  const index = judged === -1 ? series.values.findLastIndex((value) => value !== null) : judged;
  const [value, period] = [series.values[index], periods[index]];
  if (value === null || value === undefined || period === undefined) return null;
  const since = brokenFrom(series.verdicts);
  return {
    value,
    period,
    rows: series.rows[index] ?? 0,
    verdict: series.verdicts[index] ?? 'no_data',
    brokenSince: since === null ? null : (periods[since] ?? null),
  };
}

/** Where the broken run began that lasts to the end; periods that say nothing do not end it. */
function brokenFrom(verdicts: readonly Verdict[]): number | null {
  let since: number | null = null;
  for (let index = verdicts.length - 1; index >= 0; index -= 1) {
    const verdict = verdicts[index];
    if (verdict === 'broken') since = index;
    else if (verdict !== undefined && isJudged(verdict)) break;
  }
  return since;
}

/** "Broken since Apr 2013", "Healthy". */
export const latestWords = ({ verdict, brokenSince }: Latest): string =>
  verdict === 'broken' && brokenSince !== null ? `Broken since ${shortPeriodWords(brokenSince)}` : VERDICTS[verdict].name;

/** The series that most needs a person: by its latest verdict, then by its worst. */
export function mostTelling(list: readonly Series[]): Series | undefined {
  const rank = (series: Series): number => {
    const latest = verdictRank(series.verdicts.findLast(isJudged) ?? 'no_data');
    return latest * 100 + Math.min(...series.verdicts.map(verdictRank), 99);
  };
  return list.toSorted((left, right) => rank(left) - rank(right))[0];
}
