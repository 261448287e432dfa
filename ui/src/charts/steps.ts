// Steps of axes on which tens and fives are not round.
const [MINUTE, HOUR, DAY] = [60, 3_600, 86_400];

/** Steps of an axis of seconds that people read. */
export const DURATION_STEPS: readonly number[] = [
  ...[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 15, 30],
  ...[1, 5, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 7, 14, 30, 90, 365].map((days) => days * DAY),
];
