// The differences of two texts line by line, side by side, with the words that changed; knows no component.
import { diffArrays, diffWordsWithSpace } from 'diff';

export interface Part {
  text: string;
  isChanged: boolean;
}

export interface Side {
  /** Of the line, from 1. */
  number: number;
  parts: readonly Part[];
}

/** One line of both texts; null on the side that does not have it. */
export interface Row {
  left: Side | null;
  right: Side | null;
  isSame: boolean;
}

/** Rows that are shown, or a stretch of equal rows that is folded away. */
export type Stretch = { rows: readonly Row[]; isFolded: boolean };

const linesOf = (text: string): string[] => text.replace(/\n$/, '').split('\n');

export function differences(left: string, right: string): Row[] {
  const rows: Row[] = [];
  let leftNumber = 1;
  let rightNumber = 1;
  let removed: string[] = [];
  let added: string[] = [];
  const flush = (): void => {
    for (let index = 0; index < Math.max(removed.length, added.length); index += 1) {
      const [before, after] = partsOf(removed[index], added[index]);
      rows.push({
        left: before === null ? null : { number: leftNumber++, parts: before },
        right: after === null ? null : { number: rightNumber++, parts: after },
        isSame: false,
      });
    }
    removed = [];
    added = [];
  };
  for (const change of diffArrays(linesOf(left), linesOf(right))) {
    if (change.removed) removed.push(...change.value);
    else if (change.added) added.push(...change.value);
    else {
      flush();
      for (const text of change.value) {
        const parts = [{ text, isChanged: false }];
        rows.push({ left: { number: leftNumber++, parts }, right: { number: rightNumber++, parts }, isSame: true });
      }
    }
  }
  flush();
  return rows;
}

/** Lines with this share of letters in common are one line that was changed; others are two. */
const ALIKE_SHARE = 0.4;

function partsOf(before: string | undefined, after: string | undefined): [Part[] | null, Part[] | null] {
  const whole = (text: string | undefined): Part[] | null => (text === undefined ? null : [{ text, isChanged: false }]);
  if (before === undefined || after === undefined) return [whole(before), whole(after)];
  const changes = diffWordsWithSpace(before, after);
  const common = changes.reduce((sum, change) => sum + (change.added || change.removed ? 0 : change.value.length), 0);
  if (common < ALIKE_SHARE * Math.max(before.length, after.length)) return [whole(before), whole(after)];
  const side = (without: 'added' | 'removed'): Part[] =>
    changes.filter((change) => !change[without]).map((change) => ({ text: change.value, isChanged: change.added || change.removed }));
  return [side('added'), side('removed')];
}

const CONTEXT_ROWS = 3;

/** Folds away equal rows that are further than a few from every change. */
export function stretchesOf(rows: readonly Row[]): Stretch[] {
  const near = rows.map((_, index) =>
    rows.slice(Math.max(0, index - CONTEXT_ROWS), index + CONTEXT_ROWS + 1).some((row) => !row.isSame),
  );
  const stretches: { rows: Row[]; isFolded: boolean }[] = [];
  rows.forEach((row, index) => {
    const isFolded = !near[index];
    const last = stretches.at(-1);
    if (last?.isFolded === isFolded) last.rows.push(row);
    else stretches.push({ rows: [row], isFolded });
  });
  // A fold that hides one row saves nothing.
  return stretches.map((stretch) => (stretch.rows.length < 2 ? { ...stretch, isFolded: false } : stretch));
}

/** The lines of a stretch one under the other: of each change what went, then what came. */
export function unified(rows: readonly Row[]): Row[] {
  const lines: Row[] = [];
  let changed: Row[] = [];
  const flush = (): void => {
    lines.push(...changed.filter((row) => row.left !== null).map((row) => ({ ...row, right: null })));
    lines.push(...changed.filter((row) => row.right !== null).map((row) => ({ ...row, left: null })));
    changed = [];
  };
  for (const row of rows) {
    if (!row.isSame) changed.push(row);
    else {
      flush();
      lines.push(row);
    }
  }
  flush();
  return lines;
}

export function countsOf(rows: readonly Row[]): { added: number; removed: number } {
  const changed = rows.filter((row) => !row.isSame);
  return { added: changed.filter((row) => row.right !== null).length, removed: changed.filter((row) => row.left !== null).length };
}
