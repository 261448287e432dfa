// Arithmetic of label delays: a quantile that the API gave, and steps of a time axis that people read.
import type { Performance } from '../../api/types';
import { DURATION_STEPS } from '../../charts/steps';

export function quantileOf(delay: Performance['delay'], share: number): number | null {
  return delay.quantiles.find((each) => Math.abs(each.share - share) < 1e-9)?.seconds ?? null;
}

const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

/** The smallest step that gives at most `most` ticks up to `end`. */
export function durationStep(end: number, most = 8): number {
  return DURATION_STEPS.find((step) => end / step <= most) ?? 365 * DAY;
}

/** "3 h" at an axis: whole units without digits after the point. */
export function durationTick(seconds: number): string {
  const [size, unit] = seconds >= 2 * DAY ? [DAY, 'd'] : seconds >= 2 * HOUR || seconds % HOUR === 0 ? [HOUR, 'h'] : seconds >= 2 * MINUTE || seconds % MINUTE === 0 ? [MINUTE, 'min'] : [1, 's'];
  if (seconds === 0) return '0';
  const value = seconds / size;
  return `${Number.isInteger(value) ? value : value.toFixed(1)} ${unit}`;
}

/** The outline of bars as points of a step line, and back to zero at the end. */
export function outline(bars: Performance['delay']['bars']): [number, number][] {
  const last = bars.at(-1);
  return [...bars.map<[number, number]>((bar) => [bar.from_seconds, bar.rows]), ...(last === undefined ? [] : [[last.to_seconds, 0] as [number, number]])];
}
