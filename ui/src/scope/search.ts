// The range and filter as they stand in the address bar; reads and writes text, knows no component.
import type { By } from '../api/types';

export const BYS: readonly By[] = ['window', 'day', 'week', 'month'];
export type Zone = 'model' | 'local';
export type Compare = 'none' | 'previous' | 'reference';

/** The search part of every address: the scope, and whatever a page keeps there itself. */
export interface Search {
  /** An instant, a date, or `-24h`, `-7d` …: that long before the latest event. Without it: from the first event on. */
  from?: string;
  to?: string;
  by?: By;
  arm?: string;
  zone?: Zone;
  compare?: Compare;
  [page: string]: string | undefined;
}

export const SCOPE_NAMES = ['from', 'to', 'by', 'arm', 'zone', 'compare'] as const;

const isOneOf = <Name extends string>(names: readonly Name[], value: string): value is Name =>
  (names as readonly string[]).includes(value);

/** Keeps text, drops what a scope key cannot mean. */
export function validateSearch(raw: Record<string, unknown>): Search {
  const search: Search = {};
  for (const [name, value] of Object.entries(raw)) {
    if (typeof value === 'string' && value !== '') search[name] = value;
  }
  const { from, to, by, zone, compare } = search;
  if (by !== undefined && !isOneOf(BYS, by)) delete search.by;
  if (zone !== undefined && zone !== 'local') delete search.zone;
  if (compare !== undefined && !isOneOf(['previous', 'reference'], compare)) delete search.compare;
  if (from !== undefined && relativeHours(from) === null && Number.isNaN(Date.parse(from))) delete search.from;
  if (to !== undefined && Number.isNaN(Date.parse(to))) delete search.to;
  return search;
}

/** Hours of a relative range such as `-24h` or `-7d`; null of anything else. */
export function relativeHours(from: string): number | null {
  const match = /^-(\d{1,4})([hd])$/.exec(from);
  if (match === null) return null;
  const count = Number(match[1]);
  return match[2] === 'd' ? count * 24 : count;
}

export function parseSearch(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text));
}

export function stringifySearch(search: Record<string, unknown>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (typeof value === 'string' && value !== '') query.set(name, value);
  }
  // Times stay readable in a shared address.
  const text = query.toString().replaceAll('%3A', ':').replaceAll('%2C', ',').replaceAll('%7E', '~');
  return text === '' ? '' : `?${text}`;
}
