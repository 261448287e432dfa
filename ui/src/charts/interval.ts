// Arithmetic of values with intervals: the line that holds them all, and on which side of a limit they lie.
import type { Limit } from '../api/types';

export const limitEnds = (limit: Limit | null): number[] => {
  if (limit === null) return [];
  if ('at_least' in limit) return [limit.at_least];
  return 'at_most' in limit ? [limit.at_most] : [...limit.within];
};

/** From the smallest to the largest of what is known, with a little room. */
export function commonRange(values: readonly (number | null | undefined)[]): [number, number] {
  const known = values.filter((value) => value !== null && value !== undefined && Number.isFinite(value)) as number[];
  if (known.length === 0) return [0, 1];
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const room = (high - low || Math.abs(high) || 1) * 0.06;
  return [low - room, high + room];
}

/** Round values inside a range, two to six of them. */
export function roundTicks([low, high]: readonly [number, number]): number[] {
  const width = high - low;
  if (!(width > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(width / 3));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => width / candidate <= 5) ?? width;
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

/** `beyond` when the value and its whole interval miss the limit, `perhaps` when only the value does. */
export function against(limit: Limit | null, value: number, interval: readonly [number, number] | null): 'within' | 'perhaps' | 'beyond' | null {
  if (limit === null) return null;
  const [low, high] = 'at_least' in limit ? [limit.at_least, Infinity] : 'at_most' in limit ? [-Infinity, limit.at_most] : limit.within;
  if (value >= low && value <= high) return 'within';
  if (interval === null) return 'perhaps';
  return interval[1] < low || interval[0] > high ? 'beyond' : 'perhaps';
}
