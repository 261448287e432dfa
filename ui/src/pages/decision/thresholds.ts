// Arithmetic of the threshold explorer: the point at a threshold, and the one with the highest F1.
import type { ThresholdPoint } from '../../api/types';

/** The point whose threshold is nearest. */
export function pointAt(points: readonly ThresholdPoint[], threshold: number): ThresholdPoint | undefined {
  const distance = (point: ThresholdPoint): number => Math.abs(point.threshold - threshold);
  return points.reduce<ThresholdPoint | undefined>((nearest, point) => (nearest === undefined || distance(point) < distance(nearest) ? point : nearest), undefined);
}

/** The point with the highest F1; the lowest threshold of equals. */
export function bestPoint(points: readonly ThresholdPoint[]): ThresholdPoint | undefined {
  return points.reduce<ThresholdPoint | undefined>((best, point) => (point.f1 !== null && point.f1 > (best?.f1 ?? 0) ? point : best), undefined);
}

/** Labelled predictions behind a point. */
export const labelledRows = (point: ThresholdPoint): number => point.true_positives + point.false_positives + point.true_negatives + point.false_negatives;

/** Reads a threshold from the address bar; null where it is none of the points' range. */
export function readThreshold(text: string, points: readonly ThresholdPoint[]): number | null {
  const value = Number(text);
  const [first, last] = [points[0]?.threshold, points.at(-1)?.threshold];
  if (text === '' || !Number.isFinite(value) || first === undefined || last === undefined) return null;
  return value < first || value > last ? null : value;
}
