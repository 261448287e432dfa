// The stages in the order in which events pass them, and what each does; knows no component.
const ORDER = ['segments', 'profiles', 'outcomes', 'findings'];

export const STAGES: Readonly<Record<string, string>> = {
  segments: 'Writes events into the tables',
  profiles: 'Counts what windows hold',
  outcomes: 'Joins labels to predictions',
  findings: 'Judges the windows',
  retention: 'Removes what is too old',
  verification: 'Reads every file again',
  catalogue: 'Writes down what was counted',
};

const placeOf = (stage: string): number => (ORDER.includes(stage) ? ORDER.indexOf(stage) : ORDER.length);

/** The stages first, as events pass them; the jobs beside them after, by name. */
export const inOrder = <Stage extends { stage: string }>(stages: readonly Stage[]): Stage[] =>
  [...stages].sort((left, right) => placeOf(left.stage) - placeOf(right.stage) || left.stage.localeCompare(right.stage, 'en'));

/** Errors of a stage, its own and those of single models: `findings/flight-delay`. */
export const errorsOf = (errors: Readonly<Record<string, string>>, stage: string): string[] =>
  Object.entries(errors).flatMap(([name, error]) => (name === stage || name.startsWith(`${stage}/`) ? [error] : []));
