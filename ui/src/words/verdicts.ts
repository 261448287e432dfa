// The verdicts in words: a short name, what it means, and which one needs a person more.
import type { Verdict } from '../api/types';

interface VerdictWords {
  name: string;
  meaning: string;
}

export const VERDICTS: Readonly<Record<Verdict, VerdictWords>> = {
  broken: {
    name: 'Broken',
    meaning: 'A promise of the spec does not hold: the value and its whole interval lie beyond the limit.',
  },
  drifted: {
    name: 'Drifted',
    meaning: 'Further from the reference than the limit and than chance. Alone no reason to wake anybody.',
  },
  healthy: { name: 'Healthy', meaning: 'Within the limit.' },
  insufficient_sample: {
    name: 'Too few rows',
    meaning: 'Beyond the limit, but so few rows would show that by chance.',
  },
  labels_pending: { name: 'Labels pending', meaning: 'Labels of this window are still expected.' },
  not_observed: { name: 'Not observed', meaning: 'The events carry nothing to measure this by.' },
  unjudged: { name: 'Not judged', meaning: 'Measured, but the spec promises nothing of it.' },
  no_data: { name: 'No data', meaning: 'No event in this window.' },
};

/** From what needs a person most to what says nothing. */
export const VERDICT_ORDER: readonly Verdict[] = [
  'broken',
  'drifted',
  'insufficient_sample',
  'labels_pending',
  'healthy',
  'unjudged',
  'not_observed',
  'no_data',
];

export const verdictName = (verdict: Verdict): string => VERDICTS[verdict].name;
export const verdictRank = (verdict: Verdict): number => VERDICT_ORDER.indexOf(verdict);

export function worst(verdicts: readonly Verdict[]): Verdict {
  return verdicts.reduce<Verdict>((left, right) => (verdictRank(right) < verdictRank(left) ? right : left), 'no_data');
}
