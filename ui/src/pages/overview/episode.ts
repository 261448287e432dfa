// Which arrow of a model broke first in the range, from when to when, whether or not it holds again.
import type { Arrow, OverviewModel, Period, Verdict } from '../../api/types';

export interface Episode {
  arrow: Arrow;
  first: Period;
  last: Period;
}

export function episodeOf(periods: readonly Period[], arrow: Arrow, verdicts: readonly Verdict[]): Episode | null {
  const first = periods[verdicts.indexOf('broken')];
  const last = periods[verdicts.lastIndexOf('broken')];
  return first === undefined || last === undefined ? null : { arrow, first, last };
}

/** The earliest; of two that broke in the same period, the earlier arrow. */
export function firstEpisode(model: OverviewModel): Episode | null {
  const episodes = model.arrows.map((each) => episodeOf(model.periods, each.arrow, each.verdicts)).filter((each) => each !== null);
  return episodes.toSorted((left, right) => left.first.start.localeCompare(right.first.start))[0] ?? null;
}
