// Chooses what to tell of an arrow in one line: the finding that broke first, else what needs attention most now.
import type { Answered } from '../../api/queries';
import type { ArmDiagnosis, Arrow, Features, Series, SeriesAnswer, Verdict } from '../../api/types';
import type { ShownFinding } from '../../finding/address';
import { findingHeading, limitWords, valueWords } from '../../words/monitors';
import { shortPeriodWords } from '../../words/times';
import { verdictRank } from '../../words/verdicts';

export interface ArrowQueries {
  features: Answered<Features>;
  inference: Answered<SeriesAnswer>;
  decision: Answered<SeriesAnswer>;
  feedback: Answered<SeriesAnswer>;
}

export interface Lead {
  title: string;
  value: string;
  limit: string;
  /** When the value was so. */
  period: string;
  shown: ShownFinding;
}

export function leadOf(arrow: Arrow, diagnosis: ArmDiagnosis | undefined, queries: ArrowQueries): Lead | null {
  const onset = diagnosis?.onsets.find((each) => each.arrow === arrow);
  const broken = onset?.findings[0];
  if (onset !== undefined && broken !== undefined) {
    return {
      title: findingHeading(broken),
      value: valueWords(broken.monitor, broken.value),
      limit: limitWords(broken.monitor, broken.limit),
      period: shortPeriodWords(onset.since),
      shown: { ...broken, start: broken.window.start, end: broken.window.end },
    };
  }
  return arrow === 'features' ? featureLead(queries.features.data) : seriesLead(queries[arrow].data);
}

function featureLead(answer: Features | undefined): Lead | null {
  const [row] = answer?.features ?? [];
  if (answer === undefined || row === undefined) return null;
  const index = row.drifts.findLastIndex((value) => value !== null);
  const period = answer.periods[index];
  if (period === undefined) return null;
  const limit = row.drift_limit === null ? null : { at_most: row.drift_limit };
  return {
    title: `${row.feature} drift`,
    value: valueWords('drift', row.drifts[index]),
    limit: limitWords('drift', limit),
    period: shortPeriodWords(period),
    shown: { arm: answer.scope.arm, arrow: 'features', monitor: 'drift', subject: row.feature, slice: null, start: period.start, end: period.end },
  };
}

function seriesLead(answer: SeriesAnswer | undefined): Lead | null {
  const candidates = (answer?.series ?? []).filter((series) => series.slice === null && series.values.some((value) => value !== null));
  const [series] = candidates.toSorted((left, right) => verdictRank(latest(left)) - verdictRank(latest(right)) || weight(left) - weight(right));
  if (answer === undefined || series === undefined) return null;
  const index = series.values.findLastIndex((value) => value !== null);
  const period = answer.periods[index];
  if (period === undefined) return null;
  return {
    title: findingHeading(series),
    value: valueWords(series.monitor, series.values[index]),
    limit: limitWords(series.monitor, series.limit),
    period: shortPeriodWords(period),
    shown: { ...series, start: period.start, end: period.end },
  };
}

function latest(series: Series): Verdict {
  const index = series.values.findLastIndex((value) => value !== null);
  return series.verdicts[index] ?? 'no_data';
}

/** Among equals, what people ask for first. */
const WEIGHTS: readonly string[] = ['latency', 'quality', 'decision_rate', 'errors', 'score_drift', 'invalid_input', 'label_share'];
const weight = (series: Series): number => {
  const position = WEIGHTS.indexOf(series.monitor);
  return position === -1 ? WEIGHTS.length : position;
};
