// Checks that differences give both texts back, number their lines, and fold what did not change.
import { expect, test } from 'vitest';
import { countsOf, differences, type Row, type Side, stretchesOf, unified } from './changes';

const text = (side: Side | null): string | null => side?.parts.map((part) => part.text).join('') ?? null;
const sideOf = (rows: readonly Row[], side: 'left' | 'right'): string =>
  rows
    .map((row) => text(row[side]))
    .filter((line) => line !== null)
    .join('\n');

const BEFORE = 'model: m\nquality:\n  - {metric: recall, at_least: 0.10}\n  - {metric: roc_auc, at_least: 0.58}\nslices: [a]\n';
const AFTER = 'model: m\nowner: me\nquality:\n  - {metric: recall, at_least: 0.08}\nslices: [a]\n';

test('each side is its whole text, numbered from 1', () => {
  const rows = differences(BEFORE, AFTER);
  expect(`${sideOf(rows, 'left')}\n`).toBe(BEFORE);
  expect(`${sideOf(rows, 'right')}\n`).toBe(AFTER);
  expect(rows.map((row) => row.left?.number ?? null).filter(Boolean)).toEqual([1, 2, 3, 4, 5]);
  expect(countsOf(rows)).toEqual({ added: 2, removed: 2 });
});

test('a changed line marks the words that changed; an unlike one is two lines', () => {
  const [changed] = differences('at_least: 0.10', 'at_least: 0.08');
  expect(changed?.left?.parts.filter((part) => part.isChanged).map((part) => part.text).join('')).toBe('10');
  const [unlike] = differences('alarms: {}', 'privacy: {subject: tail}');
  expect(unlike?.left?.parts.some((part) => part.isChanged)).toBe(false);
});

test('equal texts have no difference, and what is far from one is folded', () => {
  expect(differences(BEFORE, BEFORE).every((row) => row.isSame)).toBe(true);
  const many = Array.from({ length: 30 }, (_, line) => `line ${line}`);
  const stretches = stretchesOf(differences(many.join('\n'), [...many.slice(0, 15), 'new', ...many.slice(15)].join('\n')));
  expect(stretches.map((stretch) => [stretch.isFolded, stretch.rows.length])).toEqual([
    [true, 12],
    [false, 7],
    [true, 12],
  ]);
});

test('one under the other, what went stands before what came', () => {
  const lines = unified(differences('a\nb one\nc one\nd', 'a\nb two\nc two\nd'));
  expect(lines.map((row) => `${row.left ? '-' : ' '}${row.right ? '+' : ' '}${text(row.left ?? row.right)}`)).toEqual(['-+a', '- b one', '- c one', ' +b two', ' +c two', '-+d']);
});
