// How the two sides are told apart in words: by what differs between them.
import type { Comparison, Side } from '../../api/types';
import { windowWords } from '../../words/times';

export interface SideNames {
  left: string;
  right: string;
}

/** Longer names do not fit the heading of a column. */
const LONGEST = 12;

/** The names where they are short, else the sides. */
export const shortNames = ({ left, right }: SideNames): SideNames => (Math.max(left.length, right.length) > LONGEST ? { left: 'left', right: 'right' } : { left, right });

/** The arm where arms differ, else the version, else the period. */
export function namesOf({ left, right }: Pick<Comparison, 'left' | 'right'>, zone: string): SideNames {
  if (left.arm !== right.arm) return { left: left.arm, right: right.arm };
  if (left.version !== right.version) return { left: left.version ?? 'any version', right: right.version ?? 'any version' };
  const period = (side: Side): string => windowWords(side.from, side.to, zone);
  return { left: period(left), right: period(right) };
}
