// Says what a spec says, in sentences made from its parsed form; knows no component.
import type { Arrow } from '../../api/types';
import { capital, metricName } from '../../words/monitors';
import { listWords, plural } from '../../words/numbers';
import { instant, startOf } from '../../scope/range';
import { windowWords } from '../../words/times';
import { writtenDurationWords, writtenShareWords } from '../../words/quantities';
import { METRICS } from './metrics';
import type { Decision, DriftMeasure, Feature, Feedback, PrivacyAction, Purpose, QualityTarget, Service, Spec } from './parsed';

export const TASKS: Readonly<Record<Spec['task'], string>> = {
  binary: 'One of two classes, by a score from 0 to 1',
  multiclass: 'One of several classes',
  regression: 'A number',
  ranking: 'An order of items',
  generation: 'Text or another generated thing',
};

const named = (name: string): string => name.replaceAll('_', ' ');

/** "Exists to raise the mean of rebooked in time, per 1k predictions, as feedback tells it within 1 day of the prediction." */
export function purposeWords({ metric, from, aggregate, direction, unit, within }: Purpose): string {
  const what = { mean: 'the mean of', sum: 'the sum of', count: 'the number of' }[aggregate];
  const told = from === 'feedback' ? 'as feedback tells it' : 'as the predictions themselves tell it';
  const parts = [
    `Exists to ${direction === 'up' ? 'raise' : 'lower'} ${what} ${named(metric)}`,
    unit,
    `${told}${within === undefined ? '' : ` within ${writtenDurationWords(within)} of the prediction`}`,
  ];
  return `${parts.filter(Boolean).join(', ')}.`;
}

/** One thing that is promised: a row of the evaluation. */
export interface Promise {
  arrow: Arrow;
  what: string;
  limit: string;
  how: string;
  /** Not written by the owner but taken by Quiver. */
  isDefault: boolean;
}

/** Everything that is judged, arrow by arrow. */
export function promisesOf(spec: Spec): Promise[] {
  return [
    ...featurePromises(spec),
    ...servicePromises(spec.service ?? {}),
    ...decisionPromises(spec.decision ?? {}, spec.task),
    ...(spec.quality ?? []).map((target) => qualityPromise(target, spec.decision?.threshold)),
    ...delayPromises(spec.feedback),
  ];
}

function featurePromises({ drift, reference, features, sources }: Spec): Promise[] {
  const limit = drift.limit ?? (drift.measure === 'psi' || drift.measure === 'kl' ? 0.2 : 0.1);
  const aged = Object.values(features).filter((feature) => agedOf(feature, sources) !== undefined).length;
  return [
    ...(reference === undefined
      ? []
      : [
          {
            arrow: 'features' as const,
            what: 'Drift of each feature',
            limit: `at most ${limit}`,
            how: `${MEASURES[drift.measure]}, against the reference`,
            isDefault: drift.limit === undefined,
          },
        ]),
    ...(aged === 0
      ? []
      : [{ arrow: 'features' as const, what: 'Freshness', limit: 'as the sources say', how: `Of ${plural(aged, 'feature')}`, isDefault: false }]),
  ];
}

const agedOf = (feature: Feature, sources: Spec['sources']): string | undefined =>
  feature.max_age ?? (feature.source === undefined ? undefined : sources?.[feature.source]?.max_age);

const SERVICE: readonly { name: keyof Service; what: string; how: string; write: (limit: string) => string }[] = [
  { name: 'p50_latency', what: 'p50 latency', how: 'Half of the answers are faster', write: (limit) => `at most ${writtenDurationWords(limit)}` },
  { name: 'p95_latency', what: 'p95 latency', how: '95 % of the answers are faster', write: (limit) => `at most ${writtenDurationWords(limit)}` },
  { name: 'p99_latency', what: 'p99 latency', how: '99 % of the answers are faster', write: (limit) => `at most ${writtenDurationWords(limit)}` },
  { name: 'error_rate', what: 'Error rate', how: 'Share of answers that failed', write: (limit) => `at most ${writtenShareWords(limit)}` },
  { name: 'invalid_rate', what: 'Invalid inputs', how: 'Share of predictions with an invalid feature', write: (limit) => `at most ${writtenShareWords(limit)}` },
  { name: 'availability', what: 'Availability', how: 'Share of requests that were answered', write: (limit) => `at least ${writtenShareWords(limit)}` },
];

const servicePromises = (service: Service): Promise[] =>
  SERVICE.flatMap(({ name, what, how, write }): Promise[] => {
    const limit = service[name];
    return limit === undefined ? [] : [{ arrow: 'inference', what, limit: write(limit), how, isDefault: false }];
  });

function decisionPromises(decision: Decision, task: Spec['task']): Promise[] {
  const [first] = decision.actions ?? [];
  const rate: Promise = {
    arrow: 'decision',
    what: 'Decision rate',
    limit: decision.rate === undefined ? 'a third to 3 × the reference' : decision.rate.map(writtenShareWords).join(' to '),
    how: `Share of predictions that lead to ${first ?? 'the first action'}`,
    isDefault: decision.rate === undefined,
  };
  const share = (what: string, written: string | undefined, byDefault: string, how: string): Promise => ({
    arrow: 'decision',
    what,
    limit: `at most ${writtenShareWords(written ?? byDefault)}`,
    how,
    isDefault: written === undefined,
  });
  return [
    ...(task === 'binary' || decision.rate !== undefined ? [rate] : []),
    share('Fallbacks', decision.fallback_rate, '5%', 'Share of decisions that a fallback took'),
    share('Overrides', decision.override_rate, '10%', 'Share of decisions in which a rule or guardrail overrode the model'),
  ];
}

function qualityPromise({ metric, threshold, at_least, at_most, by }: QualityTarget, decides: number | undefined): Promise {
  const needsThreshold = metric === 'precision' || metric === 'recall' || metric === 'f1' || metric === 'accuracy';
  const cut = threshold ?? decides ?? 0.5;
  const limits = [at_least === undefined ? null : `at least ${at_least}`, at_most === undefined ? null : `at most ${at_most}`];
  return {
    arrow: 'feedback',
    what: `${capital(metricName(metric))}${needsThreshold ? ` at ${cut}` : ''}`,
    limit: limits.filter((limit) => limit !== null).join(', '),
    how: `${METRICS[metric]}${by === undefined ? '' : `; judged for each ${by}, too`}`,
    isDefault: false,
  };
}

function delayPromises(feedback: Feedback | undefined): Promise[] {
  const { p50, p95 } = feedback?.expected_delay ?? {};
  const promise = (what: string, limit: string | undefined, how: string): Promise[] =>
    limit === undefined ? [] : [{ arrow: 'feedback', what, limit: `at most ${writtenDurationWords(limit)}`, how, isDefault: false }];
  return [
    ...promise('p50 label delay', p50, 'Half of the labels are there by then'),
    ...promise('p95 label delay', p95, '95 % of the labels are there by then'),
  ];
}

/** "The label late comes from arrival message. …" without the first words, which the page marks up. */
export function feedbackWords({ source, expected_delay, horizon }: Feedback): string {
  const { p50, p95 } = expected_delay ?? {};
  const expected = [
    p50 === undefined ? null : `half of them within ${writtenDurationWords(p50)}`,
    p95 === undefined ? null : `95 % within ${writtenDurationWords(p95)}`,
  ].filter((part) => part !== null);
  return [
    source === undefined ? 'Where it comes from is not written.' : `It comes from: ${source}.`,
    expected.length === 0 ? '' : `Labels are expected after the prediction, ${listWords(expected)}.`,
    `After ${writtenDurationWords(horizon)} a label is no longer waited for.`,
  ]
    .filter(Boolean)
    .join(' ');
}

export const MEASURES: Readonly<Record<DriftMeasure, string>> = {
  psi: 'Population stability index',
  kl: 'Kullback-Leibler divergence of the current from the reference, in nats',
  js: 'Jensen-Shannon distance, base 2',
  hellinger: 'Hellinger distance',
  total_variation: 'Total variation distance',
  l_infinity: 'The largest difference of any bin’s share',
  ks: 'Kolmogorov-Smirnov statistic (categories: the largest difference of any share)',
  wasserstein: 'Wasserstein distance in standard deviations of the reference (categories: total variation)',
};

/** "A score of 0.5 or more leads to notify, a lower one to ignore." */
export function decisionWords({ threshold, actions = [] }: Decision): string {
  const [first, ...others] = actions;
  if (first === undefined) return threshold === undefined ? 'Neither threshold nor actions are written.' : `The threshold of the score is ${threshold}.`;
  if (threshold === undefined) return `It leads to ${listWords(actions)}.`;
  const below = others.length === 0 ? '' : others.length === 1 ? `, a lower one to ${others[0]}` : `; the other actions are ${listWords(others)}`;
  return `A score of ${threshold} or more leads to ${first}${below}.`;
}

/** What values are valid: "-40 to 130 °F", "EWR, JFK or LGA", "true or false". */
export function validWords(feature: Feature): string {
  const unit = feature.unit === undefined ? '' : ` ${feature.unit}`;
  switch (feature.type) {
    case 'number':
      return feature.range === undefined ? `any number${feature.unit === undefined ? '' : ` of${unit}`}` : `${feature.range[0]} to ${feature.range[1]}${unit}`;
    case 'category':
      return feature.values === undefined ? 'what the reference held' : valuesWords(feature.values);
    case 'boolean':
      return 'true or false';
    case 'text':
      return feature.max_length === undefined ? 'any text' : `up to ${plural(feature.max_length, 'character')}`;
    case 'timestamp':
      return 'any instant';
    case 'embedding':
      return feature.dimension === undefined ? 'a vector' : `a vector of ${feature.dimension}`;
  }
}

function valuesWords(values: readonly (string | number | boolean)[]): string {
  const shown = values.slice(0, 6).map(String);
  return values.length > 6 ? `${shown.join(', ')} and ${values.length - 6} more` : shown.join(', ');
}

/** What happens without a value. */
export function absentWords({ required, default: standIn, max_missing }: Feature): string {
  if (required) return 'invalid';
  if (standIn !== undefined) return `stands in: ${String(standIn)}`;
  return max_missing === undefined ? 'as often as in the reference' : `at most ${writtenShareWords(max_missing)}`;
}

/** "weather, at most 90 minutes old". */
export function sourceWords(feature: Feature, sources: Spec['sources']): string {
  const age = agedOf(feature, sources);
  return [feature.source, age === undefined ? undefined : `at most ${writtenDurationWords(age)} old`].filter(Boolean).join(', ');
}

const ACTIONS: Readonly<Record<PrivacyAction, string>> = {
  keep: 'kept',
  drop: 'not kept',
  mask: 'kept as its shape',
  hash: 'kept as a keyed hash',
  replace: 'kept as a stand-in',
};

/** "personal, kept as a keyed hash": the class and what the door does with it. */
export function privacyWords({ privacy, action }: Feature): string {
  const byClass: PrivacyAction =
    privacy === 'public' || privacy === 'internal' ? 'keep' : privacy === 'secret' || privacy === 'free_text' ? 'drop' : 'hash';
  const done = action ?? byClass;
  const name = privacy.replace('_', ' ');
  return done === 'keep' && byClass === 'keep' ? name : `${name}, ${ACTIONS[done]}`;
}

/** "Later windows are compared with 1 Feb – 28 Feb 2013." */
export function referenceWords({ from, to, file, version }: NonNullable<Spec['reference']>, timezone: string): string {
  if (file !== undefined) return `Later windows are compared with the file ${file}.`;
  if (version !== undefined) return `Later windows are compared with what version ${version} brought with it.`;
  if (from === undefined || to === undefined) return 'A reference is named, but no period.';
  const [start, end] = [startOf(from, timezone), startOf(to, timezone)];
  const isPeriod = Number.isFinite(start) && Number.isFinite(end);
  return `Later windows are compared with ${isPeriod ? windowWords(instant(start), instant(end), timezone) : `${from} up to ${to}`}.`;
}

/** "In 3 of 4 windows a finding must hold …" */
export function alarmWords({ sustained, false_pages }: NonNullable<Spec['alarms']>): string {
  return [
    sustained === undefined ? null : `A finding must hold in ${sustained} windows before it is an alarm.`,
    false_pages === undefined ? null : `Pages without a cause that the owner accepts: ${false_pages}.`,
  ]
    .filter((part) => part !== null)
    .join(' ');
}

/** What the owner has not written, and what follows from it. */
export function unwrittenOf(spec: Spec): string[] {
  const gaps: [boolean, string][] = [
    [spec.owner === undefined, 'No owner: nobody is named who answers for the model.'],
    [spec.purpose === undefined, 'No purpose: what the model is for is not measured.'],
    [(spec.quality ?? []).length === 0, 'No quality: the feedback is measured and not judged.'],
    [spec.service === undefined, 'No service: latency and errors are measured and not judged.'],
    [spec.feedback === undefined, 'No feedback: no label is named, so nothing tells whether answers were right.'],
    [spec.decision === undefined, 'No decision: what an answer leads to is not written.'],
    [spec.reference === undefined, 'No reference: drift has nothing to be measured against.'],
    [(spec.slices ?? []).length === 0, 'No slices: the population is seen as a whole only.'],
    [spec.cost === undefined, 'No cost: what requests use is not priced.'],
  ];
  return gaps.flatMap(([isMissing, words]) => (isMissing ? [words] : []));
}
