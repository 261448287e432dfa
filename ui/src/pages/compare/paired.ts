// What the other side would have done, from the decisions that both answered.
import type { Comparison } from '../../api/types';
import { countWords, shareWords } from '../../words/numbers';

type Paired = NonNullable<Comparison['paired']>;

/** Decisions in which the sides said this; none where the API names no such cell. */
export const cellRows = (paired: Paired, left: boolean, right: boolean): number =>
  paired.cells.find((cell) => cell.left === left && cell.right === right)?.rows ?? 0;

/** Plain sentences: how many decisions differ, and in which direction. */
export function pairedWords(paired: Paired, left: string, right: string): string[] {
  const [onlyLeft, onlyRight] = [cellRows(paired, true, false), cellRows(paired, false, true)];
  const differ = onlyLeft + onlyRight;
  const all = paired.decisions;
  if (differ === 0) return [`On all ${countWords(all)} decisions that both answered, ${right} would have done the same.`];
  const share = all === 0 ? '' : ` (${shareWords(differ / all)})`;
  return [
    `Of ${countWords(all)} decisions that both answered, ${countWords(differ)}${share} would have been different with ${right}.`,
    `It would have acted on ${countWords(onlyRight)} that ${left} let pass, and let pass ${countWords(onlyLeft)} on which ${left} acted.`,
  ];
}
