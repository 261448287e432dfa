// Checks what is compared by default, how it stands in the address, and how differences are told.
import { expect, test } from 'vitest';
import { judgeDifference } from './metrics';
import { cellRows, pairedWords } from './paired';
import { addressOf, isSameSide, periodOf, requestOf, sidesOf } from './sides';

const FLIGHTS = [
  { arm: 'control', is_live: true, versions: ['logistic'] },
  { arm: 'shadow', is_live: false, versions: ['boosted'] },
];
const ALL = { from: undefined, to: undefined };
const known = { arms: FLIGHTS, reference: { start: '2013-02-01T05:00:00Z', end: '2013-03-01T05:00:00Z' }, range: ALL, arm: undefined };

test('live and shadow are compared where there are two arms', () => {
  const sides = sidesOf({}, known);
  expect(requestOf(sides)).toEqual({ left_arm: 'control', right_arm: 'shadow' });
  expect(sidesOf({ left_arm: 'shadow' }, known).right.arm).toBe('control');
});

test('one arm is compared by version, else with the reference', () => {
  const one = { ...known, arms: [{ arm: 'live', is_live: true, versions: ['1', '2'] }] };
  expect(requestOf(sidesOf({}, one))).toEqual({ left_arm: 'live', left_version: '2', right_arm: 'live', right_version: '1' });
  const alone = { ...known, arms: [{ arm: 'live', is_live: true, versions: ['1'] }], range: { from: '2013-07-01', to: '2013-08-01' } };
  expect(sidesOf({}, alone).right).toMatchObject({ arm: 'live', from: '2013-02-01T05:00:00Z' });
  expect(sidesOf({}, alone).left).toMatchObject({ arm: 'live', from: '2013-07-01' });
  const nothing = sidesOf({}, { ...alone, reference: null });
  expect(isSameSide(nothing.left, nothing.right)).toBe(true);
});

test('what the address says of a side holds, and the page’s range fills the rest', () => {
  const range = { from: '2013-07-01', to: '2013-08-01' };
  const sides = sidesOf({ right_version: 'boosted', right_arm: 'shadow', left_from: '2013-05-01', left_to: '2013-06-01' }, { ...known, range });
  expect(sides.left).toMatchObject({ arm: 'control', from: '2013-05-01' });
  expect(sides.right).toMatchObject({ arm: 'shadow', version: 'boosted', from: '2013-07-01' });
  expect(addressOf(sides, range)).toMatchObject({ left_from: '2013-05-01', right_from: undefined, right_arm: 'shadow' });
});

test('the period of a side has a name', () => {
  const periods = { page: ALL, reference: known.reference, previous: null };
  const zone = 'America/New_York';
  expect(periodOf(ALL, periods, zone)).toBe('page');
  expect(periodOf({ from: '2013-02-01', to: '2013-03-01' }, periods, zone)).toBe('reference');
  expect(periodOf({ from: '2013-02-02', to: '2013-03-01' }, periods, zone)).toBe('own');
});

test('decisions that would have been different are told in words', () => {
  const paired = { threshold: 0.5, decisions: 100, cells: [{ left: false, right: true, rows: 12 }, { left: true, right: false, rows: 3 }, { left: false, right: false, rows: 85 }] };
  expect(cellRows(paired, true, true)).toBe(0);
  expect(pairedWords(paired, 'control', 'shadow')).toEqual([
    'Of 100 decisions that both answered, 15 (15 %) would have been different with shadow.',
    'It would have acted on 12 that control let pass, and let pass 3 on which control acted.',
  ]);
  expect(pairedWords({ ...paired, cells: [] }, 'a', 'b')).toHaveLength(1);
});

test('a side is better only where the intervals are apart', () => {
  const metric = (name: string, left: number, right: number, half: number) => ({ metric: name, left, right, left_interval: [left - half, left + half] as [number, number], right_interval: [right - half, right + half] as [number, number], left_rows: 10, right_rows: 10 });
  expect(judgeDifference(metric('recall', 0.05, 0.2, 0.01))).toBe('better');
  expect(judgeDifference(metric('log_loss', 0.5, 0.6, 0.01))).toBe('worse');
  expect(judgeDifference(metric('recall', 0.05, 0.06, 0.01))).toBe('unclear');
  expect(judgeDifference({ ...metric('recall', 0.05, 0.06, 0.01), right: null })).toBeNull();
});
