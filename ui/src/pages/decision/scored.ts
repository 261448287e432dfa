// Counts of predictions with a score, by period and in all.
import type { Decision } from '../../api/types';

/** Rows of each period, those without a score left out. */
export function rowsByPeriod({ score }: Pick<Decision, 'score'>): number[] {
  const missing = score.bins.indexOf('null');
  return score.windows.map((window) => window.reduce((sum, rows, index) => (index === missing ? sum : sum + rows), 0));
}

export const scoredRows = (decision: Pick<Decision, 'score'>): number => rowsByPeriod(decision).reduce((sum, rows) => sum + rows, 0);
