// Composes the diagnosis in plain sentences from the API's figures; says nothing that is not in them.
import type { ArmDiagnosis, Arrow, By, Cause, Finding, Onset } from '../../api/types';
import { ARROW_WORDS } from '../../words/arrows';
import { capital, findingWords, metricName } from '../../words/monitors';
import { countWords, listWords, numberWords, plural, shareWords, trimZeros } from '../../words/numbers';
import { inPeriodWords } from '../../words/times';

export const PERIOD_NAMES: Readonly<Record<By, string>> = { window: 'window', day: 'day', week: 'week', month: 'month' };

/** The whole story in one line, for the head of the page. `broken` are the arrows that are broken now. */
export function headline({ onsets }: ArmDiagnosis, broken: readonly Arrow[]): string {
  const [first, ...later] = onsets;
  if (first === undefined) return 'No arrow broke in this range';
  const name = ARROW_WORDS[first.arrow].name;
  const others = later.map((onset) => ARROW_WORDS[onset.arrow].name);
  const follow = others.length === 0 ? '' : `; ${listWords(others)} followed`;
  const now = broken.length === 0 ? `; ${later.length === 0 ? 'it is not' : 'none is'} broken now` : '';
  return `${name} broke first, ${inPeriodWords(first.since)}${follow}${now}`;
}

/** "Decision broke first, in April 2013, and is broken in 9 of the 9 months judged since." */
export function onsetWords(onset: Onset, position: number, by: By): string {
  const name = ARROW_WORDS[onset.arrow].name;
  const verb = position === 0 ? 'broke first' : 'broke';
  return `${name} ${verb}, ${inPeriodWords(onset.since)}, and is broken in ${countWords(onset.broken_windows)} of the ${plural(onset.judged_windows, PERIOD_NAMES[by])} judged since.`;
}

export function outputWords([before, after]: [number, number]): string {
  const verb = after < before ? 'fell' : after > before ? 'rose' : 'stayed';
  if (verb === 'stayed') return `The mean output stayed at ${numberWords(after)}.`;
  return `The mean output ${verb} from ${numberWords(before)} in the reference to ${numberWords(after)}.`;
}

export function causeWords(cause: Cause, since: string): string {
  const parts = [
    cause.distance === null ? null : `${distanceName(cause.convention)} ${numberWords(cause.distance)}`,
    `away since ${since}`,
    cause.unseen_share > 0 ? `${trimZeros(shareWords(cause.unseen_share))} of rows where the reference has none` : null,
  ];
  return parts.filter((part) => part !== null).join(', ');
}

/** "psi/quantile10+…" is PSI. */
const distanceName = (convention: string | null): string => (convention?.split('/')[0] ?? 'distance').replaceAll('_', ' ').replace(/^(psi|kl|js|ks)$/, (name) => name.toUpperCase());

export function sharesWords(causes: readonly Cause[]): string | null {
  const total = causes.reduce((sum, cause) => sum + (cause.share ?? 0), 0);
  return total > 1 ? 'Features that move together each claim what they share, so shares add up to more than 100 %.' : null;
}

export function touchedWords(touched: number | null, by: By): string | null {
  if (touched === null || touched === 0) return null;
  return `${plural(touched, 'prediction')} were made in the broken ${PERIOD_NAMES[by]}s.`;
}

export function greenWords(metrics: readonly string[], by: By): string | null {
  if (metrics.length === 0) return null;
  return `${capital(listWords(metrics.map(metricName)))} held in every ${PERIOD_NAMES[by]}.`;
}

/** Whether it is an infrastructure incident: yes, no, or nobody knows. */
export function infrastructureWords(findings: readonly Finding[]): string {
  const broken = findings.filter((finding) => finding.verdict === 'broken' || finding.verdict === 'drifted');
  const healthy = findings.filter((finding) => finding.verdict === 'healthy');
  const unseen = findings.filter((finding) => finding.verdict === 'not_observed' || finding.verdict === 'no_data');
  const names = (some: readonly Finding[]): string => listWords(some.map((finding) => metricName(finding.subject)));
  if (broken.length > 0) return `Infrastructure moved as well: ${broken.map(findingWords).join('; ')}.`;
  if (healthy.length > 0) {
    const rest = unseen.length > 0 ? ` Not observed: ${names(unseen)}.` : '';
    return `No infrastructure incident by what was seen: ${names(healthy)} held.${rest}`;
  }
  if (unseen.length > 0) return `Not observed: the events carry no ${names(unseen)}, so nobody can tell whether the service was sound.`;
  return 'Nothing on the service was judged in that period.';
}

/** What another arm's model did with the same traffic. */
export function otherArmWords(other: ArmDiagnosis, own: ArmDiagnosis): string {
  const [first] = other.onsets;
  if (first !== undefined) return `broke as well: ${ARROW_WORDS[first.arrow].name} first, ${inPeriodWords(first.since)}.`;
  const causes = own.causes.map((cause) => cause.subject);
  const shared = causes.filter((subject) => other.harmless_drift.includes(subject));
  if (shared.length > 0) return `saw the same ${listWords(shared)} drift, and none of its arrows broke.`;
  return other.harmless_drift.length > 0 ? `saw ${listWords(other.harmless_drift)} drift, and none of its arrows broke.` : 'did not break.';
}

export function harmlessWords(features: readonly string[]): string | null {
  if (features.length === 0) return null;
  const named = features.slice(0, 6);
  const rest = features.length - named.length;
  return `${listWords(rest > 0 ? [...named, `${countWords(rest)} more`] : named)} drifted from the reference, and no promise broke with it.`;
}
