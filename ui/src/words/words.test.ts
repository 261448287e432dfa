// Checks how numbers, times and verdicts are written.
import { expect, test } from 'vitest';
import { binWords } from './bins';
import { limitWords, valueWords } from './monitors';
import { fetchWords, countWords, listWords, numberWords, shareWords, shortCountWords, trimZeros } from './numbers';
import { durationWords, inPeriodWords, periodWords, spanWords, windowWords } from './times';
import { worst } from './verdicts';

test('numbers keep three significant digits and their unit', () => {
  expect([0, 0.0613, 9.8123, 1_400, 0.5, 100, 0.000_02].map(numberWords)).toEqual([
    '0',
    '0.0613',
    '9.81',
    '1,400',
    '0.5',
    '100',
    '2.0e-5',
  ]);
  expect([0, 0.045_2, 0.31, 1, 0.000_5].map(shareWords)).toEqual(['0 %', '4.52 %', '31 %', '100 %', '0.050 %']);
  expect(['5.00 %', '0.50 %', '10 %', '1.25 ms', '100'].map(trimZeros)).toEqual(['5 %', '0.5 %', '10 %', '1.25 ms', '100']);
  expect([0.000_01, 0.999_54, 0.991, 0.999_5].map(shareWords)).toEqual(['0.001 %', '99.954 %', '99.1 %', '99.95 %']);
  expect(numberWords(null)).toBe('–');
  expect(countWords(26_483)).toBe('26,483');
  expect(shortCountWords(26_483)).toBe('26 k');
});

test('a monitor writes its values in its own unit', () => {
  expect(valueWords('decision_rate', 0.0012)).toBe('0.12 %');
  expect(valueWords('latency', 151.2)).toBe('151 ms');
  expect(valueWords('label_delay', 14_400)).toBe('4.0 h');
  expect(limitWords('decision_rate', { within: [0.015, 0.135] })).toBe('1.5 % to 13.5 %');
  expect(limitWords('drift', null)).toBe('no limit');
});

test('periods and windows read as people say them', () => {
  expect(periodWords({ label: '2013-04' })).toBe('April 2013');
  expect(periodWords({ label: '2013-04-07' })).toBe('7 April 2013');
  expect(inPeriodWords({ label: '2013-04' })).toBe('in April 2013');
  expect(inPeriodWords({ label: '2013-04-07' })).toBe('on 7 April 2013');
  expect(spanWords({ label: '2013-04' }, { label: '2013-11' })).toBe('April to November 2013');
  expect(spanWords({ label: '2012-W50' }, { label: '2013-W02' })).toBe('week 50 of 2012 to week 2 of 2013');
  const week = { label: '2013-04-15', start: '2013-04-15T04:00:00Z', end: '2013-04-22T04:00:00Z' };
  expect(inPeriodWords(week)).toBe('in the week of 15 April 2013');
  expect(spanWords(week, { ...week, label: '2013-07-22' })).toBe('week of 15 April to week of 22 July 2013');
  expect(periodWords({ label: '2013-W15' })).toBe('week 15 of 2013');
  expect(windowWords('2013-04-01T04:00:00Z', '2013-05-01T04:00:00Z', 'America/New_York')).toBe('1 Apr – 30 Apr 2013');
  expect(durationWords(59)).toBe('59 s');
});

test('the worst verdict is the one that needs a person most', () => {
  expect(worst(['healthy', 'drifted', 'broken', 'no_data'])).toBe('broken');
  expect(worst([])).toBe('no_data');
  expect(worst(['not_observed', 'healthy'])).toBe('healthy');
});

test('bins and lists have plain words', () => {
  expect(binWords({ range: { above: 10, up_to: 20 } })).toBe('10 – 20');
  expect(binWords('null')).toBe('missing');
  expect(listWords(['a', 'b', 'c'])).toBe('a, b and c');
});

test('what a value costs to fetch is what events tell of it', () => {
  const costs = { ms: { mean: 1.8, rows: 3 }, calls: { mean: 1, rows: 3 }, bytes: { mean: 419.6, rows: 2 } };
  expect(fetchWords(costs)).toEqual(['1.8 ms', '1 call', '420 B']);
  expect(fetchWords({ ...costs, ms: null, bytes: null })).toEqual(['1 call']);
  expect(fetchWords(null)).toEqual([]);
});
