// Writes the label of a histogram's bin.
import type { BinLabel } from '../api/types';
import { numberWords } from './numbers';

export function binWords(label: BinLabel): string {
  if (typeof label === 'string') return label === 'null' ? 'missing' : label;
  if ('category' in label) return label.category;
  if ('under' in label) return `≤ ${numberWords(label.under)}`;
  if ('over' in label) return `> ${numberWords(label.over)}`;
  if ('value' in label) return `= ${numberWords(label.value)}`;
  const { above, up_to } = label.range;
  if (above === null && up_to === null) return 'any';
  if (above === null) return `≤ ${numberWords(up_to)}`;
  if (up_to === null) return `> ${numberWords(above)}`;
  return `${numberWords(above)} – ${numberWords(up_to)}`;
}

/** Whether the bin stands for a stretch or value of numbers, in their order. */
export const isNumberBin = (label: BinLabel): boolean => typeof label !== 'string' && !('category' in label);
