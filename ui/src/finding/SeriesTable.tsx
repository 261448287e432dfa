// Several series of the API in one table: the latest value, the limit, and every period's verdict to open.
import type { ReactNode } from 'react';
import type { Period, Series, Verdict } from '../api/types';
import type { Numbers } from '../charts/NumbersTable';
import { VerdictStrip } from '../charts/VerdictStrip';
import { PlainTable, type PlainColumn } from '../design/PlainTable';
import { VerdictBadge } from '../design/Verdict';
import { capital, limitWords, valueWords } from '../words/monitors';
import { countWords, plural, UNKNOWN } from '../words/numbers';
import { shortPeriodWords } from '../words/times';
import { verdictName } from '../words/verdicts';
import { useShownFinding } from './address';
import styles from './SeriesTable.module.css';

interface SeriesTableProps {
  label: string;
  series: readonly Series[];
  periods: readonly Period[];
  /** What the first column names: "Monitor", "Promise". */
  header: string;
  name: (series: Series) => string;
  /** A line under how many periods were kept. */
  more?: (series: Series) => ReactNode;
}

export function SeriesTable({ label, series, periods, header, name, more }: SeriesTableProps) {
  const { showPoint } = useShownFinding();
  const columns: PlainColumn<Series>[] = [
    { id: 'name', header, cell: name, isHeading: true },
    { id: 'verdict', header: 'Verdict', cell: ({ verdicts }) => <VerdictBadge verdict={latestVerdict(verdicts)} look="bare" /> },
    { id: 'limit', header: 'Limit', cell: ({ monitor, limit }) => capital(limitWords(monitor, limit)) },
    { id: 'latest', header: 'Latest', cell: (each) => <Latest series={each} periods={periods} />, align: 'right' },
    {
      id: 'periods',
      header: 'Periods',
      cell: (each) => (
        <VerdictStrip
          label={name(each)}
          periods={periods}
          verdicts={each.verdicts}
          height={20}
          onOpen={(index) => {
            const period = periods[index];
            if (period !== undefined) showPoint(each, period);
          }}
        />
      ),
      isGrowing: true,
    },
    {
      id: 'kept',
      header: 'Kept',
      cell: (each) => (
        <>
          {keptWords(each.verdicts)}
          {more !== undefined && <span className={styles.note}>{more(each)}</span>}
        </>
      ),
      align: 'right',
    },
  ];
  return (
    <div className={styles.table}>
      <PlainTable label={label} rows={series} columns={columns} rowKey={({ monitor, subject }) => `${monitor} ${subject}`} />
    </div>
  );
}

/** The values and verdicts of all series, a row each period. */
export const seriesNumbers = (all: readonly Series[], periods: readonly Period[], name: (series: Series) => string): Numbers => ({
  columns: ['Period', ...all.flatMap((series) => [name(series), `${name(series)}, rows`, `${name(series)}, verdict`])],
  rows: periods.map((period, index) => [
    period.label,
    ...all.flatMap((series) => [series.values[index] ?? null, series.rows[index] ?? null, verdictName(series.verdicts[index] ?? 'no_data')]),
  ]),
});

function Latest({ series, periods }: { series: Series; periods: readonly Period[] }) {
  const index = series.values.findLastIndex((value) => value !== null);
  const period = periods[index];
  if (period === undefined) return <span className={styles.none}>{UNKNOWN}</span>;
  return (
    <span title={`${shortPeriodWords(period)}: ${countWords(series.rows[index])} rows`}>{valueWords(series.monitor, series.values[index])}</span>
  );
}

const isJudged = (verdict: Verdict): boolean => verdict === 'broken' || verdict === 'drifted' || verdict === 'healthy';

/** The verdict of the latest period that judges; else of the latest that says anything. */
export const latestVerdict = (verdicts: readonly Verdict[]): Verdict =>
  verdicts.findLast(isJudged) ?? verdicts.findLast((verdict) => verdict !== 'no_data') ?? 'no_data';

/** "11 of 12 periods": those within the limit, of those that were judged. */
export function keptWords(verdicts: readonly Verdict[]): string {
  const judged = verdicts.filter(isJudged);
  if (judged.length === 0) return UNKNOWN;
  const kept = judged.filter((verdict) => verdict === 'healthy').length;
  return `${countWords(kept)} of ${plural(judged.length, 'period')}`;
}
