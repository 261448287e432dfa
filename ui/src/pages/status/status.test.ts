// Checks the words of counts, stages and keys.
import { expect, test } from 'vitest';
import { rowsOf, totalOf } from './counts';
import { keyState, orderKeys, scopeWords } from './keys';
import { errorsOf, inOrder } from './stage-words';

const counted = [
  { model: 'm', what: 'feedback', subject: 'all', count: 18_201 },
  { model: 'm', what: 'redacted', subject: 'subject/subject/hash', count: 12_201 },
  { model: '', what: 'refused', subject: 'unknown_model', count: 88 },
  { model: 'm', what: 'feedback', subject: 'orphan', count: 61 },
  { model: 'm', what: 'refused', subject: 'something_new', count: 2 },
  { model: 'm', what: 'redacted', subject: 'feature_note/email/replace', count: 3 },
];

test('counts are told by what they count, with their reasons in words', () => {
  expect(rowsOf(counted, 'refused').map(({ subject, words }) => `${subject}: ${words}`)).toEqual([
    'unknown_model: Name a model whose spec this server has, or put its spec',
    'something_new: ',
  ]);
  expect(rowsOf(counted, 'redacted').map(({ subject, words }) => `${subject}: ${words}`)).toEqual([
    'subject: names the subject, kept as a keyed hash',
    'features.note: email found in it, kept as a stand-in',
  ]);
  expect(rowsOf(counted, 'orphan').map(({ words, count }) => `${count} ${words}`)).toEqual(['61 of 18,201 labels']);
  expect(totalOf(counted, 'refused')).toBe(90);
  expect(totalOf(counted, 'duplicate')).toBe(0);
});

test('stages stand as events pass them, jobs after them', () => {
  const stages = ['findings', 'retention', 'outcomes', 'profiles', 'segments'].map((stage) => ({ stage }));
  expect(inOrder(stages).map(({ stage }) => stage)).toEqual(['segments', 'profiles', 'outcomes', 'findings', 'retention']);
  const errors = { 'findings/m': 'no rows', findingsx: 'other', retention: 'denied' };
  expect([errorsOf(errors, 'findings'), errorsOf(errors, 'retention'), errorsOf(errors, 'segments')]).toEqual([['no rows'], ['denied'], []]);
});

test('a key says what it may and whether it is still good', () => {
  expect(['ingest', 'read ingest', 'admin', 'operate', 'fly'].map(scopeWords)).toEqual(['send events', 'read and send events', 'everything', 'read and operate', 'fly']);
  const now = Date.parse('2026-01-01T00:00:00Z');
  expect(keyState({ revoked_at: null, expires_at: null }, now)).toEqual({ name: 'good', until: null });
  expect(keyState({ revoked_at: null, expires_at: '2025-01-01T00:00:00Z' }, now).name).toBe('expired');
  expect(keyState({ revoked_at: '2025-01-01T00:00:00Z', expires_at: null }, now).name).toBe('revoked');
  const key = (id: string, created_at: string, revoked_at: string | null) => ({ id, name: id, scopes: 'read', created_at, revoked_at, expires_at: null, last_used_at: null });
  expect(orderKeys([key('a', '2025', '2026'), key('b', '2024', null), key('c', '2025', null)]).map(({ id }) => id)).toEqual(['c', 'b', 'a']);
});
