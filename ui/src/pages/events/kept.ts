// Reads what an event's row holds beside its features; columns that are not there are null. Knows no component.
import type { EventDetail } from '../../api/types';

export type Everything = EventDetail['everything'];

export function textOf(everything: Everything, name: string): string | null {
  const value = everything[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

export function numberOf(everything: Everything, name: string): number | null {
  const value = everything[name];
  return typeof value === 'number' ? value : null;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function entriesOf(everything: Everything, name: string): [string, Everything][] {
  const value = everything[name];
  return isRecord(value) ? Object.entries(value).filter((entry): entry is [string, Everything] => isRecord(entry[1])) : [];
}

export interface Calls {
  service: string;
  calls: number | null;
  milliseconds: number | null;
}

/** Calls to services and data stores. */
export const callsOf = (everything: Everything): Calls[] =>
  entriesOf(everything, 'calls').map(([service, told]) => ({ service, calls: numberOf(told, 'n'), milliseconds: numberOf(told, 'ms') }));

export interface Fetched {
  computedAt: string | null;
  milliseconds: number | null;
  calls: number | null;
  bytes: number | null;
}

/** What it took to get each feature's value, by feature. */
export const fetchedOf = (everything: Everything): Map<string, Fetched> =>
  new Map(
    entriesOf(everything, 'feature_meta').map(([feature, told]) => [
      feature,
      {
        computedAt: textOf(told, 'computed_at'),
        milliseconds: numberOf(told, 'ms'),
        calls: numberOf(told, 'calls'),
        bytes: numberOf(told, 'bytes'),
      },
    ]),
  );

/** Probabilities of the classes, the likeliest first. */
export function probabilitiesOf(everything: Everything): [string, number][] {
  const value = everything.probabilities;
  if (!isRecord(value)) return [];
  return Object.entries(value)
    .filter((entry): entry is [string, number] => typeof entry[1] === 'number')
    .sort((left, right) => right[1] - left[1]);
}

/** Key and words of what is not there as it was sent. */
export function redactionOf(told: string): { key: string; words: string } {
  const end = told.indexOf(': ');
  return end < 0 ? { key: told, words: '' } : { key: told.slice(0, end), words: told.slice(end + 2) };
}
