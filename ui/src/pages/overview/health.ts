// The health of a model in one word, by its worst arrow.
import type { OverviewModel } from '../../api/types';
import { worst } from '../../words/verdicts';

export type Health = 'broken' | 'drifted' | 'healthy' | 'unsure';

export const HEALTHS: readonly Health[] = ['broken', 'drifted', 'healthy', 'unsure'];

export const HEALTH_NAMES: Readonly<Record<Health, string>> = {
  broken: 'Broken',
  drifted: 'Drifted',
  healthy: 'Healthy',
  unsure: 'No verdict',
};

/** A model with an arrow that is healthy and none that is worse is healthy: what was not observed says nothing. */
export function healthOf(model: OverviewModel): Health {
  const verdicts = model.arrows.map((arrow) => arrow.verdict);
  const most = worst(verdicts);
  if (most === 'broken' || most === 'drifted') return most;
  return verdicts.includes('healthy') ? 'healthy' : 'unsure';
}
