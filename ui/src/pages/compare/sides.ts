// Which two sides are compared: what the address says of each, and what stands in for what it does not say.
import type { ComparisonSides } from '../../api/queries';
import type { Window, Windows } from '../../api/types';
import { startOf } from '../../scope/range';
import type { Search } from '../../scope/search';

export type SideName = 'left' | 'right';

/** What a side is; a bound that is missing is the first or last event known. */
export interface SideChoice {
  arm: string | undefined;
  version: string | undefined;
  from: string | undefined;
  to: string | undefined;
}

type Part = keyof SideChoice;

/** The name of a side's part in the address: `left_arm`. */
export const keyOf = (side: SideName, part: Part): string => `${side}_${part}`;

const written = (search: Search, side: SideName): SideChoice => ({
  arm: search[keyOf(side, 'arm')],
  version: search[keyOf(side, 'version')],
  from: search[keyOf(side, 'from')],
  to: search[keyOf(side, 'to')],
});

interface Known {
  arms: readonly Pick<Windows['arms'][number], 'arm' | 'is_live' | 'versions'>[];
  reference: Window | null;
  /** The range of the page, in instants or dates. */
  range: { from: string | undefined; to: string | undefined };
  /** The arm of the page. */
  arm: string | undefined;
}

/**
 * Both sides in full. Where the address says nothing of the right one, it is what the left is most usefully compared
 * with: another arm, else an earlier version, else the reference.
 */
export function sidesOf(search: Search, known: Known): { left: SideChoice; right: SideChoice } {
  const [left, right] = [written(search, 'left'), written(search, 'right')];
  const live = known.arms.find((arm) => arm.is_live)?.arm ?? known.arms[0]?.arm;
  const leftArm = left.arm ?? known.arm ?? live;
  const whole: SideChoice = { arm: leftArm, version: left.version, from: left.from ?? known.range.from, to: left.to ?? known.range.to };
  const saysNothing = Object.values(right).every((part) => part === undefined);
  if (!saysNothing) {
    return { left: whole, right: { arm: right.arm ?? leftArm, version: right.version, from: right.from ?? known.range.from, to: right.to ?? known.range.to } };
  }
  const other = known.arms.find((arm) => arm.arm !== leftArm)?.arm;
  if (other !== undefined) return { left: whole, right: { ...whole, arm: other, version: undefined } };
  const versions = known.arms.find((arm) => arm.arm === leftArm)?.versions ?? [];
  const [newest, before] = [versions.at(-1), versions.at(-2)];
  if (newest !== undefined && before !== undefined && left.version === undefined) {
    return { left: { ...whole, version: newest }, right: { ...whole, version: before } };
  }
  if (known.reference !== null) return { left: whole, right: { ...whole, from: known.reference.start, to: known.reference.end } };
  return { left: whole, right: whole };
}

export const isSameSide = (left: SideChoice, right: SideChoice): boolean =>
  left.arm === right.arm && left.version === right.version && left.from === right.from && left.to === right.to;

/** The request for both. */
export const requestOf = ({ left, right }: { left: SideChoice; right: SideChoice }): ComparisonSides =>
  Object.fromEntries(
    Object.entries({
      left_arm: left.arm,
      left_version: left.version,
      left_from: left.from,
      left_to: left.to,
      right_arm: right.arm,
      right_version: right.version,
      right_from: right.from,
      right_to: right.to,
    }).filter(([, value]) => value !== undefined),
  );

/** The address of both sides in full, so that a change of one keeps the other as it is shown. */
export function addressOf({ left, right }: { left: SideChoice; right: SideChoice }, range: Known['range']): Search {
  const search: Search = {};
  for (const [side, choice] of [['left', left], ['right', right]] as const) {
    search[keyOf(side, 'arm')] = choice.arm;
    search[keyOf(side, 'version')] = choice.version;
    // The range of the page stays the page's, so that it may move.
    const isPage = choice.from === range.from && choice.to === range.to;
    search[keyOf(side, 'from')] = isPage ? undefined : choice.from;
    search[keyOf(side, 'to')] = isPage ? undefined : choice.to;
  }
  return search;
}

export type PeriodChoice = 'page' | 'reference' | 'previous' | 'own';

interface Periods {
  page: { from: string | undefined; to: string | undefined };
  reference: Window | null;
  previous: { from: string | undefined; to: string | undefined } | null;
}

/** What the period of a side is called. */
export function periodOf({ from, to }: Pick<SideChoice, 'from' | 'to'>, { page, reference, previous }: Periods, zone: string): PeriodChoice {
  if (from === page.from && to === page.to) return 'page';
  const isSame = (one: string | undefined, other: string | undefined): boolean =>
    one === other || (one !== undefined && other !== undefined && startOf(one, zone) === startOf(other, zone));
  if (reference !== null && isSame(from, reference.start) && isSame(to, reference.end)) return 'reference';
  if (previous !== null && isSame(from, previous.from) && isSame(to, previous.to)) return 'previous';
  return 'own';
}
