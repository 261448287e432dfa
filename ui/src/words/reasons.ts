// Why the door called a value invalid, in words.
const REASONS: Readonly<Record<string, string>> = {
  type: 'another type than declared',
  no_zone: 'a time without a zone',
  range: 'outside the declared range',
  category: 'no declared value',
  required: 'required, but not there',
  length: 'longer than declared',
  dimension: 'another dimension than declared',
  nan: 'not a number',
  infinite: 'infinite',
};

/** Why a value was invalid: "outside the declared range". */
export const reasonWords = (reason: string): string =>
  (Object.hasOwn(REASONS, reason) ? REASONS[reason] : undefined) ?? reason.replaceAll('_', ' ');
