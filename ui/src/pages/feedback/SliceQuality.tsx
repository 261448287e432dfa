// One metric in every part of the population, with intervals on one line, the limit and the whole beside it.
import type { Answered } from '../../api/queries';
import type { Limit, Performance, Slices } from '../../api/types';
import { ChartFrame } from '../../charts/ChartFrame';
import { against, commonRange, limitEnds } from '../../charts/interval';
import { IntervalPlot } from '../../charts/IntervalPlot';
import { Entry, legendStyles } from '../../charts/Legend';
import { Choice } from '../../design/Choice';
import { type Column, DataTable } from '../../design/DataTable';
import { EmptyState, Loaded, Skeleton } from '../../design/States';
import { VerdictBadge } from '../../design/Verdict';
import { useSearchText } from '../../scope/scope';
import { capital, limitWords, metricName } from '../../words/monitors';
import { countWords, numberWords, shareWords } from '../../words/numbers';
import styles from './SliceQuality.module.css';

type Value = Slices['slices'][number]['values'][number];

interface SliceQualityProps {
  query: Answered<Slices>;
  /** The metric chosen on the page. */
  metric: string | undefined;
  whole: Performance;
}

export function SliceQuality({ query, metric, whole }: SliceQualityProps) {
  const [name, setName] = useSearchText('slice');
  return (
    <Loaded query={query} skeleton={<Skeleton height={320} />}>
      {({ slices }) => {
        const slice = slices.find((each) => each.name === name) ?? slices[0];
        if (slice === undefined) {
          return (
            <ChartFrame title="Quality by slice" request={query.request} hasImage={false}>
              <EmptyState title="No slices">
                The spec names no slices, or no label of this range has come. Slices are declared by <code>slices: […]</code>.
              </EmptyState>
            </ChartFrame>
          );
        }
        const subjects = slice.values[0]?.metrics.map((each) => each.subject) ?? [];
        const subject = metric !== undefined && subjects.includes(metric) ? metric : (subjects[0] ?? '');
        return <SliceTable slice={slice} names={slices.map((each) => each.name)} subject={subject} whole={whole} query={query} onSlice={setName} />;
      }}
    </Loaded>
  );
}

interface SliceTableProps {
  slice: Slices['slices'][number];
  names: readonly string[];
  subject: string;
  whole: Performance;
  query: Answered<Slices>;
  onSlice: (name: string) => void;
}

function SliceTable({ slice, names, subject, whole, query, onSlice }: SliceTableProps) {
  const metricOf = (value: Value) => value.metrics.find((each) => each.subject === subject);
  const limit: Limit | null = slice.values.map((value) => metricOf(value)?.limit ?? null).find((each) => each !== null) ?? null;
  const series = whole.metrics.find((each) => each.subject === subject);
  const range = commonRange([...slice.values.flatMap((value) => [metricOf(value)?.value, ...(hasSpread(metricOf(value)) ? (metricOf(value)?.interval ?? []) : [])]), ...limitEnds(limit)]);
  const title = capital(metricName(subject));
  const columns: Column<Value>[] = [
    { id: 'value', header: capital(slice.name), width: 120, sortValue: (row) => row.value, cell: (row) => <span title={row.value}>{row.value}</span> },
    { id: 'metric', header: title, width: 184, align: 'right', sortValue: (row) => metricOf(row)?.value, cell: (row) => <MetricCell metric={metricOf(row)} /> },
    { id: 'plot', header: 'With its interval', width: 240, isGrowing: true, cell: (row) => <Plot metric={metricOf(row)} range={range} limit={limit} /> },
    { id: 'sample', header: 'Rows', help: 'Rows behind the value', width: 96, align: 'right', sortValue: (row) => metricOf(row)?.rows, cell: (row) => countWords(metricOf(row)?.rows) },
    { id: 'rows', header: 'Predictions', width: 110, align: 'right', sortValue: (row) => row.rows, cell: (row) => countWords(row.rows) },
    { id: 'labelled', header: 'Labels in', width: 96, align: 'right', sortValue: (row) => (row.rows === 0 ? null : row.labelled / row.rows), cell: (row) => (row.rows === 0 ? '–' : shareWords(row.labelled / row.rows)) },
    ...(slice.values.some((value) => value.verdict !== 'unjudged')
      ? [{ id: 'verdict', header: 'Verdict', help: 'The worst of its metrics in the latest period that was judged', width: 140, cell: (row: Value) => <VerdictBadge verdict={row.verdict} /> }]
      : []),
  ];
  return (
    <ChartFrame
      title={`${title} by ${slice.name}`}
      note={`Over the whole range${limit === null ? '' : `; limit: ${limitWords('quality', limit)}`}. The metric follows the one chosen above.`}
      actions={names.length > 1 && <Choice label="Slice" value={slice.name} options={names.map((name) => ({ value: name, name }))} onChange={onSlice} />}
      request={query.request}
      method={{ conventions: [series?.convention ?? subject], rows: slice.values.reduce((sum, value) => sum + (metricOf(value)?.rows ?? 0), 0) }}
      numbers={() => ({
        columns: [slice.name, 'Predictions', 'Labelled', ...(slice.values[0]?.metrics.map((each) => metricName(each.subject)) ?? [])],
        rows: slice.values.map((value) => [value.value, value.rows, value.labelled, ...value.metrics.map((each) => each.value)]),
      })}
      hasImage={false}
    >
      <ul className={legendStyles.legend} data-legend>
        <Entry name="Value and interval" colour="var(--text-second)" />
        {limit !== null && <Entry name="Limit" colour="var(--broken)" look="dashed" />}
      </ul>
      <div className={styles.table}>
        <DataTable key={slice.name} label={`${title} by ${slice.name}`} rows={slice.values} columns={columns} rowKey={(row) => row.value} rowHeight={40} maximumHeight="460px" />
      </div>
    </ChartFrame>
  );
}

type SliceMetric = Value['metrics'][number];

/** An interval over a few rows would squeeze all others. */
const hasSpread = (metric: SliceMetric | undefined): boolean => (metric?.rows ?? 0) >= 100;

function MetricCell({ metric }: { metric: SliceMetric | undefined }) {
  if (metric === undefined || metric.value === null) return <span className={styles.none}>too few labels</span>;
  const side = against(metric.limit, metric.value, metric.interval);
  return (
    <>
      {side === 'beyond' && <span className={styles.beyond}>beyond the limit </span>}
      <strong>{numberWords(metric.value)}</strong>
    </>
  );
}

function Plot({ metric, range, limit }: { metric: SliceMetric | undefined; range: readonly [number, number]; limit: Limit | null }) {
  if (metric === undefined || metric.value === null) return null;
  const isBeyond = against(limit, metric.value, metric.interval) === 'beyond';
  return <IntervalPlot values={[{ value: metric.value, interval: metric.interval, ...(isBeyond ? { colour: 'var(--broken)' } : {}) }]} range={range} limit={limit} height={40} />;
}
