// The two views of the page Spec, and the two of differences; as they stand in the address bar.
export type View = 'words' | 'differences';
export const VIEWS = [
  { value: 'words', name: 'Read' },
  { value: 'differences', name: 'Differences' },
] as const satisfies readonly { value: View; name: string }[];

export const viewOf = (text: string): View => (text === 'differences' ? 'differences' : 'words');

export type Look = 'split' | 'unified';
export const LOOKS = [
  { value: 'split', name: 'Side by side' },
  { value: 'unified', name: 'Unified' },
] as const satisfies readonly { value: Look; name: string }[];

export const lookOf = (text: string): Look => (text === 'unified' ? 'unified' : 'split');

/** Two texts do not fit side by side on a phone. */
export const fittingLook = (): Look => (matchMedia('(width < 720px)').matches ? 'unified' : 'split');
