// Writes times, periods and durations; the zone is always an argument.
import type { Period } from '../api/types';

const formats = new Map<string, Intl.DateTimeFormat>();

function format(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const name = `${zone} ${JSON.stringify(options)}`;
  let found = formats.get(name);
  if (found === undefined) {
    found = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hourCycle: 'h23', ...options });
    formats.set(name, found);
  }
  return found;
}

/** The zone of the reader's own computer. */
export const localZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** "14 Apr 2013, 09:30". */
export function timeWords(at: string, zone: string): string {
  return format(zone, { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' }).format(
    Date.parse(at),
  );
}

/** "14 Apr 2013, 09:30:05" for lists of events. */
export function secondTimeWords(at: string, zone: string): string {
  return format(zone, { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(
    Date.parse(at),
  );
}

/** "14 Apr 2013, 09:30:05.123" for single events. */
export function exactTimeWords(at: string, zone: string): string {
  return format(zone, {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
  }).format(Date.parse(at));
}

/** "09:30:05". */
export const clockWords = (milliseconds: number, zone: string): string =>
  format(zone, { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(milliseconds);

/** "14 Apr 2013". */
export function dateWords(at: string, zone: string): string {
  return format(zone, { day: 'numeric', month: 'short', year: 'numeric' }).format(Date.parse(at));
}

/** "2013-04-14", for requests and date fields. */
export function dateIn(at: string, zone: string): string {
  const parts = format(zone, { year: 'numeric', month: '2-digit', day: '2-digit' }).formatToParts(Date.parse(at));
  const part = (type: string): string => parts.find((candidate) => candidate.type === type)?.value ?? '';
  return `${part('year')}-${part('month')}-${part('day')}`;
}

/** "1 Jan – 31 Dec 2013": the days a half-open window covers. */
export function windowWords(start: string, end: string, zone: string): string {
  const last = new Date(Date.parse(end) - 1).toISOString();
  const length = Date.parse(end) - Date.parse(start);
  if (length < 20 * 3_600_000) {
    const clock = format(zone, { hour: '2-digit', minute: '2-digit' });
    return `${dateWords(start, zone)}, ${clock.format(Date.parse(start))} – ${clock.format(Date.parse(end))}`;
  }
  if (dateIn(start, zone) === dateIn(last, zone)) return dateWords(start, zone);
  const sameYear = dateIn(start, zone).slice(0, 4) === dateIn(last, zone).slice(0, 4);
  const opening = sameYear
    ? format(zone, { day: 'numeric', month: 'short' }).format(Date.parse(start))
    : dateWords(start, zone);
  return `${opening} – ${dateWords(last, zone)}`;
}

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

/** A period, or its label alone where its length is of no matter. */
type Labelled = Pick<Period, 'label'> & Partial<Period>;

/** The label of a period as people say it: "April 2013", "14 April 2013", "week of 15 April 2013"; others stay as they are. */
export function periodWords(period: Labelled): string {
  const day = DAY_OR_MONTH.exec(period.label);
  if (day !== null) {
    const month = MONTHS[Number(day[2]) - 1] ?? day[2];
    if (day[3] === undefined) return `${month} ${day[1]}`;
    return `${isLong(period) ? 'week of ' : ''}${Number(day[3])} ${month} ${day[1]}`;
  }
  const week = /^(\d{4})-W(\d{2})$/.exec(period.label);
  return week === null ? period.label : `week ${Number(week[2])} of ${week[1]}`;
}

const DAY_OR_MONTH = /^(\d{4})-(\d{2})(?:-(\d{2}))?$/;

/** A week has the label of its first day. */
const isLong = ({ start, end }: Labelled): boolean =>
  start !== undefined && end !== undefined && Date.parse(end) - Date.parse(start) > 2 * 86_400_000;

/** "in April 2013", "on 14 April 2013", "in the week of 15 April 2013". */
export function inPeriodWords(period: Labelled): string {
  const words = periodWords(period);
  if (words.startsWith('week of')) return `in the ${words}`;
  return `${/^\d{4}-\d{2}-\d{2}$/.test(period.label) ? 'on' : 'in'} ${words}`;
}

/** "April to November 2013", "April 2013": the periods from the first to the last. */
export function spanWords(first: Labelled, last: Labelled): string {
  const [start, end] = [periodWords(first), periodWords(last)];
  if (start === end) return start;
  const year = / (?:of )?\d{4}$/;
  return `${year.exec(start)?.[0] === year.exec(end)?.[0] ? start.replace(year, '') : start} to ${end}`;
}

/** The short label of a period: "Apr 2013", "14 Apr 2013". */
export function shortPeriodWords(period: Labelled): string {
  return periodWords(period).replace(/[A-Z][a-z]{3,}/, (month) => month.slice(0, 3));
}

/** A tick of a time axis in one line; `stepSeconds` is the distance of ticks: "2014", "Apr", "14 Apr", "09:30". */
export function tickWords(milliseconds: number, stepSeconds: number, isFirst: boolean, zone: string): string {
  const clock = format(zone, { hour: '2-digit', minute: '2-digit' }).format(milliseconds);
  if (stepSeconds < 86_400 && clock !== '00:00') return clock;
  const [year, month, day] = dateIn(new Date(milliseconds).toISOString(), zone).split('-').map(Number);
  const name = MONTHS[(month ?? 1) - 1]?.slice(0, 3) ?? '';
  if (stepSeconds < 28 * 86_400) return isFirst ? `${day} ${name} ${year}` : `${day} ${name}`;
  return month === 1 && !isFirst ? String(year) : isFirst ? `${name} ${year}` : name;
}

/** "3.4 h", "12 s", "2.0 d": a duration given in seconds. */
export function durationWords(seconds: number): string {
  const size = Math.abs(seconds);
  if (size < 1) return `${(seconds * 1_000).toFixed(0)} ms`;
  if (size < 120) return `${trim(seconds)} s`;
  if (size < 7_200) return `${trim(seconds / 60)} min`;
  if (size < 172_800) return `${trim(seconds / 3_600)} h`;
  if (size < 63_072_000) return `${trim(seconds / 86_400)} d`;
  return `${trim(seconds / 31_557_600)} y`;
}

const trim = (value: number): string => (Math.abs(value) < 10 ? value.toFixed(1) : value.toFixed(0));

/** "12 s ago", "3 min ago". */
export function agoWords(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds / 1_000);
  return seconds < 2 ? 'just now' : `${durationWords(Math.round(seconds)).replace('.0 ', ' ')} ago`;
}
