// Checks that an event's row is read whatever stands in it.
import { expect, test } from 'vitest';
import { callsOf, fetchedOf, numberOf, probabilitiesOf, redactionOf, textOf } from './kept';
import { figureWords, isFigure } from './words';

const row = {
  rule: 'quiet-hours',
  trace_id: '',
  cpu_ms: 1.1,
  calls: { redis: { n: 1, ms: 0.4 }, vector_db: { n: 0 }, broken: 'text' },
  feature_meta: { temp: { computed_at: '2013-07-01T13:51:00Z', ms: 1.8, calls: 1, bytes: 420 }, dew: null },
  probabilities: { rain: 0.2, storm: 0.7, fog: 'x' },
};

test('columns are read by their kind', () => {
  expect([textOf(row, 'rule'), textOf(row, 'trace_id'), textOf(row, 'cpu_ms'), textOf(row, 'gone')]).toEqual(['quiet-hours', null, null, null]);
  expect([numberOf(row, 'cpu_ms'), numberOf(row, 'rule')]).toEqual([1.1, null]);
  expect(callsOf(row)).toEqual([
    { service: 'redis', calls: 1, milliseconds: 0.4 },
    { service: 'vector_db', calls: 0, milliseconds: null },
  ]);
  expect(fetchedOf(row).get('temp')).toEqual({ computedAt: '2013-07-01T13:51:00Z', milliseconds: 1.8, calls: 1, bytes: 420 });
  expect(probabilitiesOf(row).map(([name]) => name)).toEqual(['storm', 'rain']);
  expect(callsOf({ calls: [1, 2] })).toEqual([]);
});

test('what was redacted is told by key and words', () => {
  expect(redactionOf('features.note: not kept (free_text)')).toEqual({ key: 'features.note', words: 'not kept (free_text)' });
  expect(redactionOf('something')).toEqual({ key: 'something', words: '' });
});

test('an output is a figure where its text says no more', () => {
  expect(isFigure({ output: '0.5', score: 0.5 })).toBe(true);
  expect(isFigure({ output: 'storm', score: 0.7 })).toBe(false);
  expect(isFigure({ output: 'storm', score: null })).toBe(false);
});

test('a figure is written with the digits that it has', () => {
  expect(figureWords(0.126_345_887_780_189_51)).toBe('0.126346');
  expect(figureWords(null)).toBe('–');
  expect(figureWords(0.000_012_345)).toBe('0.00001234');
  expect(figureWords(1_400)).toBe('1,400');
});
