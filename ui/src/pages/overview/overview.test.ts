// Checks the one sentence of the first page.
import { expect, test } from 'vitest';
import type { Arrow, Finding, OverviewModel, Verdict } from '../../api/types';
import { ARROWS } from '../../words/arrows';
import { answerWords, evidenceWords } from './Answer';
import { healthOf } from './health';

const APRIL = { start: '2013-04-01T04:00:00Z', end: '2013-05-01T04:00:00Z', label: '2013-04' };

const FINDING: Finding = {
  arm: 'control',
  window: APRIL,
  arrow: 'decision',
  monitor: 'decision_rate',
  subject: 'decision_rate',
  slice: null,
  value: 0.009,
  interval: null,
  noise_floor: null,
  limit: { at_least: 0.02 },
  reference_value: null,
  rows: 28_330,
  reference_rows: 0,
  convention: '',
  verdict: 'broken',
  evidence: '',
};

function model(name: string, verdicts: Partial<Record<Arrow, Verdict>>, broken: Arrow | null = null): OverviewModel {
  return {
    model: name,
    task: 'binary',
    owner: null,
    timezone: 'UTC',
    purpose: null,
    by: 'month',
    known: null,
    latest_event_at: null,
    calendar: 0,
    periods: [],
    arms: [],
    versions: [],
    rows: [],
    arrows: ARROWS.map((arrow) => ({ arrow, verdict: verdicts[arrow] ?? 'not_observed', verdicts: [], broken_since: null, lead: null })),
    cost_per_1k: null,
    currency: null,
    first_broken: broken === null ? null : { arrow: broken, since: APRIL, evidence: '', finding: FINDING },
    attention: 0,
  };
}

const sick = model('flights', { features: 'drifted', decision: 'broken' }, 'decision');
const well = model('taxi', { features: 'healthy' });
const silent = model('crew', {});

test('one broken model is named with its arrow and since when', () => {
  expect(answerWords([sick, well])).toBe('flights is broken: Decision, since April 2013');
  expect(evidenceWords([sick, well])).toBe('Decision rate 0.90 %, limit at least 2 %, on 28,330 rows');
});

test('several broken models are counted and named below', () => {
  expect(answerWords([sick, sick, well])).toBe('2 of 3 models are broken');
  expect(evidenceWords([sick, sick, well])).toBe('flights: Decision, since April 2013; flights: Decision, since April 2013');
});

test('what broke and holds again is told, with both ends', () => {
  const periods = [APRIL, { ...APRIL, start: '2013-05-01T04:00:00Z', label: '2013-05' }, { ...APRIL, start: '2013-06-01T04:00:00Z', label: '2013-06' }];
  const arrows = well.arrows.map((each) => (each.arrow === 'decision' ? { ...each, verdict: 'healthy' as const, verdicts: ['broken', 'broken', 'healthy'] as Verdict[] } : each));
  expect(answerWords([{ ...well, periods, arrows }, well])).toBe('Nothing is broken now; taxi was: Decision, April to May 2013');
});

test('what was not observed is no promise kept', () => {
  expect(answerWords([well, well])).toBe('All 2 models do what their specs promise');
  expect(answerWords([well, silent])).toBe('Nothing is broken; 1 model without a verdict');
  expect(answerWords([silent])).toBe('No model has a verdict yet');
  expect([sick, well, silent].map(healthOf)).toEqual(['broken', 'healthy', 'unsure']);
});
