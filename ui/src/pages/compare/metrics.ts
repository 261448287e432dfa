// Which side of a metric is better, as far as the intervals tell.
import type { Comparison } from '../../api/types';

type Metric = Comparison['metrics'][number];

/** Metrics of which less is better; of all others more is. */
const LESS_IS_BETTER: ReadonlySet<string> = new Set(['log_loss', 'brier', 'calibration_error', 'mae', 'rmse']);

export const differenceOf = ({ left, right }: Pick<Metric, 'left' | 'right'>): number | null => (left === null || right === null ? null : right - left);

/** `unclear` where the intervals overlap or one is missing. */
export function judgeDifference(metric: Metric): 'better' | 'worse' | 'unclear' | null {
  const { left_interval: left, right_interval: right } = metric;
  const difference = differenceOf(metric);
  if (difference === null) return null;
  if (left === null || right === null || (left[0] <= right[1] && right[0] <= left[1])) return 'unclear';
  return difference > 0 === LESS_IS_BETTER.has(metric.metric) ? 'worse' : 'better';
}
