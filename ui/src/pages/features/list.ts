// What the table of features asks for and saves: its order and filter as they stand in the address, its rows as CSV.
import type { FeaturesFilter } from '../../api/queries';
import type { FeatureRow, Verdict } from '../../api/types';
import type { Numbers } from '../../charts/NumbersTable';
import type { Sort } from '../../design/DataTable';
import { VERDICT_ORDER, verdictName } from '../../words/verdicts';

type SortName = NonNullable<FeaturesFilter['sort']>;
const SORT_NAMES: readonly SortName[] = ['attention', 'name', 'drift', 'harm', 'missing', 'stale', 'defaulted', 'invalid', 'cost'];

/** The order that a text of the address names: `drift`, `drift.asc`. */
export function parseSort(text: string): Sort & { column: SortName } {
  const [name, order] = text.split('.');
  const column = SORT_NAMES.find((each) => each === name) ?? 'attention';
  return { column, order: order === 'asc' || order === 'desc' ? order : firstOrder(column) };
}

export const writeSort = ({ column, order }: Sort): string =>
  order === firstOrder(column) ? column : `${column}.${order}`;

/** Names begin at A, figures at the largest. */
const firstOrder = (column: string): Sort['order'] => (column === 'name' ? 'asc' : 'desc');

/** The order after a press on a heading, which asks for the largest first whatever the column is. */
export const pressedSort = (asked: Sort, now: Sort): Sort =>
  asked.column === now.column ? asked : { column: asked.column, order: firstOrder(asked.column) };

export const VERDICT_CHOICES = [
  { value: 'all', name: 'All' },
  { value: 'broken', name: 'Broken' },
  { value: 'drifted', name: 'Drifted' },
  { value: 'healthy', name: 'Healthy' },
  { value: 'unsure', name: 'No verdict' },
] as const;
export type VerdictChoice = (typeof VERDICT_CHOICES)[number]['value'];

export const parseVerdict = (text: string): VerdictChoice =>
  VERDICT_CHOICES.find((choice) => choice.value === text)?.value ?? 'all';

/** The verdicts that the route is asked for. */
export function verdictsOf(choice: VerdictChoice): string | undefined {
  if (choice === 'all') return undefined;
  const says = (verdict: Verdict): boolean => ['broken', 'drifted', 'healthy'].includes(verdict);
  return choice === 'unsure' ? VERDICT_ORDER.filter((verdict) => !says(verdict)).join(',') : choice;
}

/** The limit of the distance, where it is the same for all that have one. */
export function commonLimit(rows: readonly FeatureRow[]): number | null {
  const limits = new Set(rows.map((row) => row.drift_limit).filter((limit) => limit !== null));
  return limits.size === 1 ? ([...limits][0] ?? null) : null;
}

export function featureNumbers(rows: readonly FeatureRow[]): Numbers {
  return {
    columns: [
      'Feature', 'Type', 'Unit', 'Privacy', 'Source', 'Required', 'Verdict', 'Broken since', 'Drift', 'Largest drift', 'Drift limit',
      'Convention', 'Harm', 'Missing', 'Stand-ins', 'Stale', 'Invalid', 'Milliseconds', 'Calls', 'Bytes', 'Rows',
    ],
    rows: rows.map((row) => [
      row.feature, row.type, row.unit, row.privacy, row.source, row.is_required ? 'yes' : 'no', verdictName(row.verdict),
      row.broken_since?.label ?? null, row.drift, row.drift_peak, row.drift_limit, row.drift_convention, row.harm,
      row.missing_share, row.defaulted_share, row.stale_share, row.invalid_share,
      row.costs?.ms?.mean ?? null, row.costs?.calls?.mean ?? null, row.costs?.bytes?.mean ?? null, row.rows,
    ]),
  };
}
