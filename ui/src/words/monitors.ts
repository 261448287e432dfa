// What each monitor measures, in words, and how its values, limits and subjects are written.
import type { Finding, Limit, Monitor, Series } from '../api/types';
import { durationWords } from './times';
import { countWords, millisecondWords, numberWords, shareWords, trimZeros } from './numbers';
import { lookUp } from './lookup';

export const MONITOR_NAMES: Readonly<Record<Monitor, string>> = {
  type: 'Type',
  range: 'Range',
  category: 'Category',
  shape: 'Shape',
  missing: 'Missing',
  defaulted: 'Stand-ins',
  stale: 'Stale',
  drift: 'Drift',
  personal_data: 'Personal data',
  latency: 'Latency',
  errors: 'Errors',
  invalid_input: 'Invalid input',
  refused: 'Refused events',
  clock_skew: 'Clock skew',
  score_drift: 'Score drift',
  decision_rate: 'Decision rate',
  fallback: 'Fallbacks',
  override: 'Overrides',
  label_delay: 'Label delay',
  label_share: 'Labels in',
  orphan_feedback: 'Orphan feedback',
  quality: 'Quality',
};

const SHARES: ReadonlySet<Monitor> = new Set<Monitor>([
  'type',
  'range',
  'category',
  'shape',
  'missing',
  'defaulted',
  'stale',
  'errors',
  'invalid_input',
  'refused',
  'decision_rate',
  'fallback',
  'override',
  'label_share',
  'orphan_feedback',
]);

/** A monitor's value with its unit. */
export function valueWords(monitor: Monitor, value: number | null | undefined): string {
  if (value === null || value === undefined) return numberWords(value);
  if (SHARES.has(monitor)) return shareWords(value);
  if (monitor === 'latency') return millisecondWords(value);
  if (monitor === 'label_delay') return durationWords(value);
  if (monitor === 'personal_data' || monitor === 'clock_skew') return countWords(value);
  return numberWords(value);
}

/** "at least 8 %", "at most 0.2", "1.5 % to 13.5 %": limits are exact, so zeros at their end say nothing. */
export function limitWords(monitor: Monitor, limit: Limit | null): string {
  if (limit === null) return 'no limit';
  const write = (value: number): string => trimZeros(valueWords(monitor, value));
  if ('at_least' in limit) return `at least ${write(limit.at_least)}`;
  if ('at_most' in limit) return `at most ${write(limit.at_most)}`;
  return `${write(limit.within[0])} to ${write(limit.within[1])}`;
}

const METRIC_NAMES: Readonly<Record<string, string>> = {
  roc_auc: 'ROC AUC',
  log_loss: 'log loss',
  brier: 'Brier score',
  f1: 'F1',
  mae: 'MAE',
  rmse: 'RMSE',
  p50_latency: 'p50 latency',
  p95_latency: 'p95 latency',
  p99_latency: 'p99 latency',
  p50_label_delay: 'p50 label delay',
  p95_label_delay: 'p95 label delay',
};

/** A metric or measure as people write it: `roc_auc` is "ROC AUC", `calibration_error` "calibration error". */
export function metricName(subject: string): string {
  return lookUp(METRIC_NAMES, subject) ?? subject.replaceAll('_', ' ');
}

/** What a finding or series is about: "temp drift", "decision rate", "recall, carrier = UA". */
export function findingTitle(finding: Pick<Finding | Series, 'arrow' | 'monitor' | 'subject' | 'slice'>): string {
  const isFeature = finding.arrow === 'features';
  const subject = isFeature ? finding.subject : metricName(finding.subject);
  const title =
    finding.monitor === 'score_drift'
      ? 'score drift'
      : isFeature
        ? `${subject} ${MONITOR_NAMES[finding.monitor].toLowerCase()}`
        : subject;
  return finding.slice === null ? title : `${title}, ${finding.slice.name} = ${finding.slice.value}`;
}

/** The same as a heading; the name of a feature stays as it is written. */
export const findingHeading = (finding: Parameters<typeof findingTitle>[0]): string =>
  finding.arrow === 'features' ? findingTitle(finding) : capital(findingTitle(finding));

/** Starts a sentence or a title. */
export const capital = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);

/** "Decision rate 1.03 %, limit 1.49 % to 13.4 %". */
export function findingWords(finding: Finding): string {
  const value = finding.value === null ? 'has no value' : valueWords(finding.monitor, finding.value);
  const limit = finding.limit === null ? '' : `, limit ${limitWords(finding.monitor, finding.limit)}`;
  return `${findingHeading(finding)} ${value}${limit}`;
}
