// Checks that the quantities of a spec are read and written as people say them.
import { expect, test } from 'vitest';
import { secondsOf, writtenDurationWords, writtenShareWords } from './quantities';

test('durations', () => {
  expect(['150ms', '90m', '4h', '1d', '7d', '1w', '1mo', '2y', 'soon', '3 d'].map(writtenDurationWords)).toEqual([
    '150 ms',
    '90 minutes',
    '4 hours',
    '1 day',
    '7 days',
    '1 week',
    '1 month',
    '2 years',
    'soon',
    '3 d',
  ]);
  expect([secondsOf('90m'), secondsOf('1w'), secondsOf('x')]).toEqual([5_400, 604_800, null]);
});

test('shares', () => {
  expect(['0.1%', '99.9%', '0.05', 0.003, 'some'].map(writtenShareWords)).toEqual(['0.1 %', '99.9 %', '5 %', '0.3 %', 'some']);
});
