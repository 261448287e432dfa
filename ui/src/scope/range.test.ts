// Checks the arithmetic of ranges in a zone with summer time.
import { expect, test } from 'vitest';
import { previous, resolve, shift, startOf } from './range';
import { parseSearch, stringifySearch, validateSearch } from './search';

const ZONE = 'America/New_York';
const LATEST = '2013-12-31T23:30:00Z';

test('relative ranges count from the latest event, on whole days of the zone', () => {
  expect(resolve({ from: '-7d' }, LATEST, ZONE)).toEqual({ from: '2013-12-25' });
  expect(resolve({ from: '-24h' }, LATEST, ZONE)).toEqual({ from: '2013-12-31T00:00:00Z' });
  expect(resolve({ from: '2013-02-01' }, LATEST, ZONE)).toEqual({ from: '2013-02-01' });
});

test('a date is midnight in the zone, on both sides of summer time', () => {
  expect(new Date(startOf('2013-01-15', ZONE)).toISOString()).toBe('2013-01-15T05:00:00.000Z');
  expect(new Date(startOf('2013-07-15', ZONE)).toISOString()).toBe('2013-07-15T04:00:00.000Z');
});

test('the previous period ends where this one begins and is as long', () => {
  const before = previous({ from: '2013-07-11', to: '2013-07-21' }, LATEST, ZONE);
  expect(before).toEqual({ from: '2013-07-01T04:00:00Z', to: '2013-07-11T04:00:00Z' });
  expect(previous({}, LATEST, ZONE)).toBeNull();
});

test('ranges move by their own length', () => {
  const later = shift({ from: '2013-07-01T00:00:00Z', to: '2013-07-02T00:00:00Z' }, 1, LATEST, ZONE);
  expect(later).toEqual({ from: '2013-07-02T00:00:00Z', to: '2013-07-03T00:00:00Z' });
});

test('the address keeps what it means and drops what it cannot', () => {
  const search = validateSearch(parseSearch('?from=-7d&by=fortnight&zone=local&sort=drift&to=soon'));
  expect(search).toEqual({ from: '-7d', zone: 'local', sort: 'drift' });
  expect(stringifySearch({ from: '2013-01-01T05:00:00Z', arm: undefined })).toBe('?from=2013-01-01T05:00:00Z');
});
