// Reads and writes the quantities of a spec as it has them: `90m`, `0.1%`, `0.4 USD per 1k`.
const UNITS: Readonly<Record<string, { seconds: number; one: string; many: string }>> = {
  us: { seconds: 1e-6, one: 'µs', many: 'µs' },
  ms: { seconds: 1e-3, one: 'ms', many: 'ms' },
  s: { seconds: 1, one: 'second', many: 'seconds' },
  m: { seconds: 60, one: 'minute', many: 'minutes' },
  h: { seconds: 3_600, one: 'hour', many: 'hours' },
  d: { seconds: 86_400, one: 'day', many: 'days' },
  w: { seconds: 604_800, one: 'week', many: 'weeks' },
  mo: { seconds: 30 * 86_400, one: 'month', many: 'months' },
  y: { seconds: 366 * 86_400, one: 'year', many: 'years' },
};

function durationOf(text: string): { count: number; unit: string } | null {
  const [, count, unit] = /^(\d+(?:\.\d+)?)([a-z]+)$/.exec(text.trim()) ?? [];
  return count === undefined || unit === undefined || UNITS[unit] === undefined ? null : { count: Number(count), unit };
}

/** Seconds of a duration such as `7d`; null of any other text. */
export function secondsOf(text: string): number | null {
  const duration = durationOf(text);
  return duration === null ? null : duration.count * (UNITS[duration.unit]?.seconds ?? 0);
}

/** "7 days", "150 ms", "1 week": a duration as a spec writes it. What is none stays as it is. */
export function writtenDurationWords(text: string): string {
  const duration = durationOf(text);
  const unit = duration === null ? undefined : UNITS[duration.unit];
  if (duration === null || unit === undefined) return text;
  return `${duration.count} ${duration.count === 1 ? unit.one : unit.many}`;
}

/** "0.1 %" of `0.1%`, "5 %" of `0.05`. */
export function writtenShareWords(text: string | number): string {
  const [, percent] = /^([\d.]+)%$/.exec(String(text)) ?? [];
  if (percent !== undefined) return `${percent} %`;
  const share = Number(text);
  return Number.isFinite(share) ? `${Number((share * 100).toPrecision(12))} %` : String(text);
}
