// How single events are written: outputs, deciders, captures; knows no component.
import type { EventRow } from '../../api/types';
import { UNKNOWN } from '../../words/numbers';

const figures = new Intl.NumberFormat('en-GB', { maximumSignificantDigits: 6 });

/** A figure of one event with the digits it came with, up to six. */
export function figureWords(value: number | null | undefined): string {
  if (value === null || value === undefined) return UNKNOWN;
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-4 || size >= 1e9) ? value.toPrecision(4) : figures.format(value);
}

/** Whether the score says all of the output: the text beside it is the same number, or absent. */
export const isFigure = ({ output, score }: Pick<EventRow, 'output' | 'score'>): boolean =>
  score !== null && (output === null || Number.isFinite(Number(output)));

export const KIND_NAMES: Readonly<Record<string, string>> = {
  prediction: 'Prediction',
  feedback: 'Feedback',
  heartbeat: 'Heartbeat',
  change: 'Change',
};

export const slicesWords = (slices: Readonly<Record<string, string>>): string =>
  Object.entries(slices)
    .map(([name, value]) => `${name} = ${value}`)
    .join(', ');
