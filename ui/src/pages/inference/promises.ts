// Arithmetic on what the spec promises of the service: failures against those allowed, latencies against their targets.
import type { Inference, Series } from '../../api/types';

/** Failures of the range, and how many the promise allows; null where the series promises nothing of failures. */
export interface Budget {
  failed: number;
  allowed: number;
}

export function budgetOf({ monitor, limit, values, rows }: Series): Budget | null {
  if (monitor !== 'errors' || limit === null) return null;
  const isFailures = 'at_most' in limit;
  if (!isFailures && !('at_least' in limit)) return null;
  const allowedShare = isFailures ? limit.at_most : 1 - limit.at_least;
  let [failed, seen] = [0, 0];
  for (const [index, value] of values.entries()) {
    const count = rows[index] ?? 0;
    if (value === null) continue;
    // The share was made from whole rows, so that rounding gives them back.
    failed += Math.round((isFailures ? value : 1 - value) * count);
    seen += count;
  }
  return seen === 0 ? null : { failed, allowed: Math.floor(allowedShare * seen + 1e-9) };
}

export type Quantile = 'p50_ms' | 'p95_ms' | 'p99_ms';
export const QUANTILES: readonly { name: string; of: Quantile; target: keyof Inference['targets'] }[] = [
  { name: 'p50', of: 'p50_ms', target: 'p50_latency_ms' },
  { name: 'p95', of: 'p95_ms', target: 'p95_latency_ms' },
  { name: 'p99', of: 'p99_ms', target: 'p99_latency_ms' },
];

/** Whether a latency is above its target; false where there is none. */
export const isAbove = (value: number | null, target: number | null): boolean => value !== null && target !== null && value > target;

/** The parts of the cost with their share of all of it, the largest first. */
export function costShares({ parts, per_1k }: Inference['cost']): { name: string; per_1k: number; share: number }[] {
  const whole = per_1k ?? 0;
  return parts
    .map((part) => ({ ...part, share: whole === 0 ? 0 : part.per_1k / whole }))
    .toSorted((left, right) => right.per_1k - left.per_1k);
}
