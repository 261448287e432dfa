// What the current spec says of an event's features and of its label; knows no component.
import { secondsOf } from '../../words/quantities';

type Spec = Readonly<Record<string, unknown>> | null;

export interface SpecFeature {
  unit: string | null;
  source: string | null;
  privacy: string | null;
  range: readonly [number, number] | null;
}
export type SpecFeatures = ReadonlyMap<string, SpecFeature>;

interface Written {
  unit?: string;
  source?: string;
  privacy?: string;
  range?: [number, number];
}

export function featuresOf(spec: Spec): SpecFeatures {
  const features = (spec?.features ?? {}) as Record<string, Written>;
  return new Map(
    Object.entries(features).map(([name, { unit, source, privacy, range }]) => [
      name,
      { unit: unit ?? null, source: source ?? null, privacy: privacy ?? null, range: range ?? null },
    ]),
  );
}

/** How long a label is waited for. */
export function horizonSecondsOf(spec: Spec): number | null {
  const feedback = spec?.feedback as { horizon?: string } | undefined;
  return feedback?.horizon === undefined ? null : secondsOf(feedback.horizon);
}
