// The cells of the table of features: name, verdict, drift, shares.
import { Link } from '@tanstack/react-router';
import type { FeatureRow, Period } from '../../api/types';
import { Sparkline } from '../../charts/Sparkline';
import { classes } from '../../design/classes';
import { VerdictBadge } from '../../design/Verdict';
import { keepScope } from '../../scope/keep';
import { countWords, fetchWords, numberWords, shareWords, UNKNOWN } from '../../words/numbers';
import { shortPeriodWords } from '../../words/times';
import styles from './cells.module.css';

export function NameCell({ model, row }: { model: string; row: FeatureRow }) {
  return (
    <span className={styles.stack}>
      <Link
        to="/models/$model/features/$feature"
        params={{ model, feature: row.feature }}
        search={keepScope}
        className={styles.name}
        title={row.feature}
        // The row itself takes the focus and opens the same page.
        tabIndex={-1}
      >
        {row.feature}
      </Link>
      <span className={styles.caption}>{[row.type, row.unit, row.source, row.is_required ? 'required' : null].filter(Boolean).join(' · ')}</span>
    </span>
  );
}

export function VerdictCell({ row }: { row: FeatureRow }) {
  return (
    <span className={styles.stack}>
      <VerdictBadge verdict={row.verdict} look="bare" />
      {row.broken_since !== null && <span className={styles.caption}>since {shortPeriodWords(row.broken_since)}</span>}
    </span>
  );
}

/** The distance from the reference over the periods, its last value, and how far it has been. */
export function DriftCell({ row, periods }: { row: FeatureRow; periods: readonly Period[] }) {
  const limit = row.drift_limit === null ? null : { at_most: row.drift_limit };
  return (
    <span className={styles.drift} title={driftWords(row, periods)}>
      <Sparkline values={row.drifts} limit={limit} height={24} />
      <span className={classes(styles.stack, styles.right)}>
        <span className={classes(row.drift === null && styles.none)}>{numberWords(row.drift)}</span>
        {row.drift_peak !== null && row.drift_peak !== row.drift && <span className={styles.caption}>peak {numberWords(row.drift_peak)}</span>}
      </span>
    </span>
  );
}

function driftWords(row: FeatureRow, periods: readonly Period[]): string {
  if (row.drift === null) return 'No distance from a reference was measured';
  const period = periods[row.drifts.findLastIndex((drift) => drift !== null)];
  return [
    `${numberWords(row.drift)}${period === undefined ? '' : ` in ${shortPeriodWords(period)}`}`,
    row.drift_limit === null ? '' : `at most ${numberWords(row.drift_limit)}`,
    row.drift_convention ?? '',
  ]
    .filter(Boolean)
    .join(', ');
}

/** A share of the rows of the range; nothing to see where it is zero, a dash where it is not known. */
export function ShareCell({ share, rows }: { share: number | null; rows: number }) {
  const isQuiet = share === null || share === 0;
  return (
    <span className={classes(isQuiet && styles.none)} title={share === null ? 'Not known' : `${shareWords(share)} of ${countWords(rows)} rows`}>
      {share === null ? UNKNOWN : shareWords(share)}
    </span>
  );
}

/** Shares below it are rounding: nobody acts on a hundredth of a per cent. */
const NO_HARM = 0.0001;

export function HarmCell({ harm }: { harm: number | null }) {
  return (
    <span
      className={classes(harm === null && styles.none)}
      title={harm === null ? 'No arrow broke, or nothing of it goes with this feature' : `${shareWords(harm)} of the move of the mean output goes with it`}
    >
      {harm === null ? UNKNOWN : Math.abs(harm) < NO_HARM ? '0 %' : shareWords(harm)}
    </span>
  );
}

/** What a value costs to fetch: the time first, calls and bytes below it. */
export function CostCell({ costs }: { costs: FeatureRow['costs'] }) {
  const [first, ...rest] = fetchWords(costs);
  if (first === undefined) {
    return (
      <span className={styles.none} title="The events tell no cost of this feature">
        {UNKNOWN}
      </span>
    );
  }
  return (
    <span className={classes(styles.stack, styles.right)} title="Means over the predictions that tell them">
      <span>{first}</span>
      {rest.length > 0 && <span className={styles.caption}>{rest.join(' · ')}</span>}
    </span>
  );
}
