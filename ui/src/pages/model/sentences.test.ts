// Checks that the diagnosis says what the figures say.
import { expect, test } from 'vitest';
import type { ArmDiagnosis, Finding, Verdict } from '../../api/types';
import { causeWords, greenWords, headline, infrastructureWords, onsetWords, otherArmWords, outputWords, sharesWords, touchedWords } from './sentences';
import { findingWords } from '../../words/monitors';

const APRIL = { start: '2013-04-01T04:00:00Z', end: '2013-05-01T04:00:00Z', label: '2013-04' };

const finding = (subject: string, verdict: Verdict): Finding => ({
  arm: 'control',
  window: APRIL,
  arrow: 'decision',
  monitor: 'decision_rate',
  subject,
  slice: null,
  value: 0.0103,
  interval: null,
  noise_floor: null,
  limit: { within: [0.0149, 0.1338] },
  reference_value: 0.0446,
  rows: 27_977,
  reference_rows: 24_951,
  convention: 'share/wilson',
  verdict,
  evidence: '',
});

const cause = { arrow: 'features', subject: 'temp', share: 0.74, distance: 4.31, convention: 'psi/quantile10+heavy+range+null', since: APRIL, unseen_share: 0.41 } as const;

const control: ArmDiagnosis = {
  arm: 'control',
  is_live: true,
  onsets: [
    { arrow: 'decision', since: APRIL, broken_windows: 9, judged_windows: 9, findings: [finding('decision_rate', 'broken')] },
    { arrow: 'feedback', since: APRIL, broken_windows: 8, judged_windows: 9, findings: [] },
  ],
  causes: [cause],
  mean_output: [0.2261, 0.1402],
  infrastructure: [],
  harmless_drift: [],
  still_green: ['roc_auc', 'precision'],
  decisions_touched: 251_000,
};
const shadow: ArmDiagnosis = { ...control, arm: 'shadow', is_live: false, onsets: [], causes: [], harmless_drift: ['dewp', 'temp'] };

test('what broke, since when, and how long', () => {
  expect(headline(control, ['decision'])).toBe('Decision broke first, in April 2013; Feedback followed');
  expect(headline(control, [])).toBe('Decision broke first, in April 2013; Feedback followed; none is broken now');
  expect(headline(shadow, [])).toBe('No arrow broke in this range');
  expect(onsetWords(control.onsets[0]!, 0, 'month')).toBe('Decision broke first, in April 2013, and is broken in 9 of the 9 months judged since.');
  expect(findingWords(finding('decision_rate', 'broken'))).toBe('Decision rate 1.03 %, limit 1.49 % to 13.4 %');
});

test('why, and how much of it', () => {
  expect(outputWords([0.2261, 0.1402])).toBe('The mean output fell from 0.226 in the reference to 0.14.');
  expect(causeWords(cause, 'March 2013')).toBe('PSI 4.31, away since March 2013, 41 % of rows where the reference has none');
  expect(sharesWords([cause, { ...cause, share: 0.58 }])).toContain('more than 100 %');
  expect(sharesWords([cause])).toBeNull();
});

test('how many decisions, and what held', () => {
  expect(touchedWords(251_000, 'month')).toBe('251,000 predictions were made in the broken months.');
  expect(greenWords(control.still_green, 'month')).toBe('ROC AUC and precision held in every month.');
});

test('infrastructure that was not observed is not called sound', () => {
  expect(infrastructureWords([finding('p95_latency', 'not_observed')])).toContain('Not observed');
  expect(infrastructureWords([finding('error_rate', 'healthy'), finding('p95_latency', 'not_observed')])).toBe(
    'No infrastructure incident by what was seen: error rate held. Not observed: p95 latency.',
  );
});

test('what the other model would have done', () => {
  expect(otherArmWords(shadow, control)).toBe('saw the same temp drift, and none of its arrows broke.');
  expect(otherArmWords(control, control)).toBe('broke as well: Decision first, in April 2013.');
});
