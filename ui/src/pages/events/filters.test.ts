// Checks that filters survive the address bar and that nothing is asked that the API refuses.
import { expect, test } from 'vitest';
import { parseSearch, stringifySearch, validateSearch } from '../../scope/search';
import { isFiltered, noFilters, readFilters, requestOf, searchOf } from './filters';

test('filters read from an address ask what they say', () => {
  const search = validateSearch(parseSearch('?kind=prediction&id=p-1&version=v1&action=notify&failed=true&min_score=0.5&max_score=1&slice_name=origin&slice_value=JFK'));
  expect(requestOf(readFilters(search))).toEqual({
    kind: 'prediction',
    id: 'p-1',
    version: 'v1',
    action: 'notify',
    failed: true,
    min_score: 0.5,
    max_score: 1,
    slice_name: 'origin',
    slice_value: 'JFK',
  });
});

test('a filter that cannot be meant is left out', () => {
  const filters = readFilters({ kind: 'guess', failed: 'maybe', min_score: 'a lot', max_score: ' ', slice_name: 'origin' });
  expect(requestOf(filters)).toEqual({ kind: 'prediction', min_score: undefined, max_score: undefined });
});

test('what only predictions have is not asked of other kinds', () => {
  const filters = readFilters({ kind: 'feedback', id: 'f-1', action: 'notify', min_score: '0.5', slice_name: 'a', slice_value: 'b' });
  expect(requestOf(filters)).toEqual({ kind: 'feedback', id: 'f-1', min_score: undefined, max_score: undefined });
  const before = { kind: undefined, action: 'notify', failed: 'true', id: 'p-1', from: '2013-01-01' };
  expect(stringifySearch({ ...before, ...searchOf({ kind: 'change' }) })).toBe('?kind=change&id=p-1&from=2013-01-01');
});

test('an empty filter leaves the address', () => {
  expect(stringifySearch({ action: 'notify', ...searchOf({ action: '', kind: 'prediction' }) })).toBe('');
  expect(isFiltered(readFilters({ action: 'notify' }))).toBe(true);
  expect(isFiltered(readFilters({ action: 'notify', kind: 'change', ...noFilters() }))).toBe(false);
});
