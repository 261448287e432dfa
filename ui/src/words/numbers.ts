// Writes numbers with the digits that carry meaning and with their unit; a number that is not known is a dash.
import type { FigureCosts } from '../api/types';

export const UNKNOWN = '–';

const grouped = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 });

/** "26,483". */
export const countWords = (count: number | null | undefined): string =>
  count === null || count === undefined ? UNKNOWN : grouped.format(count);

/** "26.5 k", for axes and narrow cells. */
export function shortCountWords(count: number | null | undefined): string {
  if (count === null || count === undefined) return UNKNOWN;
  const size = Math.abs(count);
  if (size < 1_000) return numberWords(count);
  if (size < 1_000_000) return `${short(count / 1_000)} k`;
  if (size < 1_000_000_000) return `${short(count / 1_000_000)} M`;
  return `${short(count / 1_000_000_000)} G`;
}

const short = (value: number): string =>
  Math.abs(value) < 10 ? value.toFixed(1).replace(/\.0$/, '') : value.toFixed(0);

/** "4.52 %": three significant digits, and no more than two after the point unless the share is tiny. */
export function shareWords(share: number | null | undefined): string {
  if (share === null || share === undefined) return UNKNOWN;
  const percent = share * 100;
  const size = Math.abs(percent);
  if (size === 0) return '0 %';
  if (size < 0.001) return `${percent.toExponential(0)} %`;
  if (size < 0.01) return `${Number(percent.toPrecision(2))} %`;
  if (size < 0.1) return `${percent.toFixed(3)} %`;
  if (size < 10) return `${percent.toFixed(2)} %`;
  if (size > 99 && size < 100) return `${nearHundred(percent)} %`;
  return `${percent.toFixed(1).replace(/\.0$/, '')} %`;
}

/** As many digits as tell it from 100: "99.95". */
function nearHundred(percent: number): string {
  const digits = Math.ceil(-Math.log10(100 - Math.abs(percent))) + 1;
  return percent.toFixed(Math.min(4, Math.max(1, digits))).replace(/\.?0+$/, '');
}

/** Three significant digits, plain: "0.0613", "9.81", "1,400". */
export function numberWords(value: number | null | undefined): string {
  if (value === null || value === undefined) return UNKNOWN;
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 1_000) return grouped.format(value);
  if (size < 0.000_1) return value.toExponential(1);
  const digits = Math.max(0, 2 - Math.floor(Math.log10(size)));
  return value.toFixed(Math.min(digits, 6)).replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '');
}

/** "5.00 %" as "5 %": at an axis, digits that say nothing are noise. */
export const trimZeros = (words: string): string => words.replace(/\.0+(?=\D*$)|(\.\d*?[1-9])0+(?=\D*$)/, '$1');

/** "12.4 ms". */
export const millisecondWords = (value: number | null | undefined): string =>
  value === null || value === undefined ? UNKNOWN : value < 1_000 ? `${numberWords(value)} ms` : `${numberWords(value / 1_000)} s`;

/** "0.12 USD per 1k". */
export const costWords = (per1k: number | null | undefined, currency: string | null | undefined): string =>
  per1k === null || per1k === undefined ? UNKNOWN : `${numberWords(per1k)} ${currency ?? ''}`.trim();

/** "1.4 GB". */
export function byteWords(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return UNKNOWN;
  const names = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let position = 0;
  while (value >= 1_000 && position < names.length - 1) {
    value /= 1_000;
    position += 1;
  }
  return `${position === 0 ? value : short(value)} ${names[position]}`;
}

/** What one value costs to fetch: "1.8 ms", "1.2 calls", "420 B"; only what events tell. */
export function fetchWords(costs: FigureCosts | null | undefined): string[] {
  if (costs === null || costs === undefined) return [];
  const { ms, calls, bytes } = costs;
  return [
    ms === null ? null : millisecondWords(ms.mean),
    calls === null ? null : `${numberWords(calls.mean)} ${calls.mean === 1 ? 'call' : 'calls'}`,
    bytes === null ? null : byteWords(Math.round(bytes.mean)),
  ].filter((words) => words !== null);
}

/** "1 model", "3 models". */
export const plural = (count: number, word: string, words = `${word}s`): string =>
  `${countWords(count)} ${count === 1 ? word : words}`;

/** "a, b and c". */
export function listWords(words: readonly string[]): string {
  if (words.length <= 1) return words[0] ?? '';
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
