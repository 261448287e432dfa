// Arithmetic of ranges: presets, the previous period, dates in a zone; knows no component and no clock.
import { dateIn } from '../words/times';
import { relativeHours } from './search';

export interface Range {
  from?: string;
  to?: string;
}

export const PRESETS = [
  { from: '-24h', name: '24 h', words: 'Last 24 hours' },
  { from: '-7d', name: '7 d', words: 'Last 7 days' },
  { from: '-30d', name: '30 d', words: 'Last 30 days' },
  { from: '-90d', name: '90 d', words: 'Last 90 days' },
  { from: undefined, name: 'All', words: 'All time' },
] as const;

const HOUR = 3_600_000;

/** A relative range made absolute against the latest event, on whole hours or on days of the zone, so that it moves rarely. */
export function resolve(range: Range, latest: string, zone: string): Range {
  const hours = range.from === undefined ? null : relativeHours(range.from);
  if (hours === null) return range;
  const end = Math.floor(Date.parse(latest) / HOUR) * HOUR + HOUR;
  if (hours < 48) return { from: instant(end - hours * HOUR) };
  return { from: dateIn(instant(Date.parse(latest) - (hours - 24) * HOUR), zone) };
}

/** The period of the same length right before; null where the range has no beginning. */
export function previous(range: Range, latest: string, zone: string): Range | null {
  if (range.from === undefined) return null;
  const start = startOf(range.from, zone);
  const end = range.to === undefined ? Date.parse(latest) : startOf(range.to, zone);
  if (end <= start) return null;
  return { from: instant(start - (end - start)), to: instant(start) };
}

/** The instant a text names: itself, or midnight of a date in the zone. */
export function startOf(text: string, zone: string): number {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return Date.parse(text);
  const guess = Date.parse(`${text}T00:00:00Z`);
  // The zone's offset at that instant, asked twice because it may change between guess and midnight.
  const first = guess - offsetAt(guess, zone);
  return guess - offsetAt(first, zone);
}

function offsetAt(milliseconds: number, zone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(milliseconds);
  const part = (type: string): number => Number(parts.find((candidate) => candidate.type === type)?.value ?? 0);
  const local = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  return local - Math.floor(milliseconds / 1_000) * 1_000;
}

export const instant = (milliseconds: number): string =>
  new Date(milliseconds).toISOString().replace('.000Z', 'Z');

/** The range one length earlier (-1) or later (+1), for the keys [ and ]. */
export function shift(range: Range, steps: -1 | 1, latest: string, zone: string): Range | null {
  const resolved = resolve(range, latest, zone);
  if (resolved.from === undefined) return null;
  const start = startOf(resolved.from, zone);
  const end = resolved.to === undefined ? Date.parse(latest) : startOf(resolved.to, zone);
  const length = end - start;
  return { from: instant(start + steps * length), to: instant(end + steps * length) };
}
