// Checks that a spec is said in words that mean what it says.
import { expect, test } from 'vitest';
import type { Spec } from './parsed';
import {
  absentWords,
  alarmWords,
  decisionWords,
  feedbackWords,
  privacyWords,
  promisesOf,
  purposeWords,
  referenceWords,
  sourceWords,
  unwrittenOf,
  validWords,
} from './words';

const SPEC: Spec = {
  model: 'flight-delay',
  owner: 'departures@example.com',
  task: 'binary',
  timezone: 'America/New_York',
  purpose: { metric: 'rebooked_in_time', from: 'feedback', aggregate: 'mean', direction: 'up', unit: 'per 1k predictions', within: '1d' },
  quality: [
    { metric: 'recall', threshold: 0.5, at_least: 0.08, by: 'carrier' },
    { metric: 'calibration_error', at_most: 0.12 },
  ],
  service: { p95_latency: '150ms', error_rate: '0.1%', availability: '99.9%' },
  feedback: { label: 'late', source: 'arrival message', expected_delay: { p50: '4h', p95: '10h' }, horizon: '1w' },
  sources: { weather: { max_age: '90m' } },
  features: {
    temp: { type: 'number', unit: '°F', range: [-40, 130], source: 'weather', privacy: 'public' },
    carrier: { type: 'category', required: true, privacy: 'public' },
    seat: { type: 'text', privacy: 'personal' },
  },
  decision: { threshold: 0.5, actions: ['notify', 'ignore'] },
  reference: { from: '2013-02-01', to: '2013-03-01' },
  drift: { measure: 'psi', window: '1d' },
};

test('the purpose is a sentence', () => {
  expect(purposeWords(SPEC.purpose!)).toBe(
    'Exists to raise the mean of rebooked in time, per 1k predictions, as feedback tells it within 1 day of the prediction.',
  );
  expect(purposeWords({ metric: 'refunds', from: 'prediction', aggregate: 'count', direction: 'down' })).toBe(
    'Exists to lower the number of refunds, as the predictions themselves tell it.',
  );
});

test('promises stand by arrow, with their limits and defaults', () => {
  const told = promisesOf(SPEC).map(({ arrow, what, limit, isDefault }) => `${arrow}: ${what} ${limit}${isDefault ? ' (default)' : ''}`);
  expect(told).toEqual([
    'features: Drift of each feature at most 0.2 (default)',
    'features: Freshness as the sources say',
    'inference: p95 latency at most 150 ms',
    'inference: Error rate at most 0.1 %',
    'inference: Availability at least 99.9 %',
    'decision: Decision rate a third to 3 × the reference (default)',
    'decision: Fallbacks at most 5 % (default)',
    'decision: Overrides at most 10 % (default)',
    'feedback: Recall at 0.5 at least 0.08',
    'feedback: Calibration error at most 0.12',
    'feedback: p50 label delay at most 4 hours',
    'feedback: p95 label delay at most 10 hours',
  ]);
  expect(promisesOf(SPEC)[8]?.how).toBe('True positives among the positive labels; judged for each carrier, too');
});

test('feedback, decision, reference and alarms are sentences', () => {
  expect(feedbackWords(SPEC.feedback!)).toBe(
    'It comes from: arrival message. Labels are expected after the prediction, half of them within 4 hours and 95 % within 10 hours. After 1 week a label is no longer waited for.',
  );
  expect(decisionWords({ threshold: 0.5, actions: ['notify', 'ignore'] })).toBe('A score of 0.5 or more leads to notify, a lower one to ignore.');
  expect(decisionWords({})).toBe('Neither threshold nor actions are written.');
  expect(referenceWords(SPEC.reference!, 'America/New_York')).toBe('Later windows are compared with 1 Feb – 28 Feb 2013.');
  expect(referenceWords({ version: 'v1' }, 'UTC')).toBe('Later windows are compared with what version v1 brought with it.');
  expect(alarmWords({ sustained: '3 of 4', false_pages: '1 per year' })).toBe(
    'A finding must hold in 3 of 4 windows before it is an alarm. Pages without a cause that the owner accepts: 1 per year.',
  );
});

test('features say what is valid, what absence means, and how private they are', () => {
  const { temp, carrier, seat } = SPEC.features;
  expect([temp, carrier, seat].map((feature) => validWords(feature!))).toEqual(['-40 to 130 °F', 'what the reference held', 'any text']);
  expect([temp, carrier].map((feature) => absentWords(feature!))).toEqual(['as often as in the reference', 'invalid']);
  expect(sourceWords(temp!, SPEC.sources)).toBe('weather, at most 90 minutes old');
  expect([temp, seat].map((feature) => privacyWords(feature!))).toEqual(['public', 'personal, kept as a keyed hash']);
  expect(privacyWords({ type: 'text', privacy: 'free_text', action: 'keep' })).toBe('free text, kept');
});

test('what is not written is named with what follows', () => {
  expect(unwrittenOf(SPEC)).toEqual(['No slices: the population is seen as a whole only.', 'No cost: what requests use is not priced.']);
});
